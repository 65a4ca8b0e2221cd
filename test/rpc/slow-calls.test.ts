import { expect, test } from "vitest";
import { type LogFields, ManualClock, silentLogger } from "../../src/base/index.js";
import type { UnaryBinding } from "../../src/rpc/binding.js";
import { SlowCalls } from "../../src/rpc/slow-calls.js";
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  type Method,
  PutRequest,
  RangeRequest,
  RangeResponse,
  services,
  TxnRequest,
  TxnResponse,
} from "../../src/wire/index.js";

const { Range, Put, DeleteRange, Txn } = services["etcdserverpb.KV"];
const secret = Buffer.from("s3cret");
const put = PutRequest.create({ key: "a", value: secret });
const operation = { request: { case: "requestPut", value: put } } as const;

function watched() {
  const clock = new ManualClock();
  const lines: LogFields[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields: LogFields = {}) => lines.push(fields) };
  return { clock, lines, slow: new SlowCalls(clock, logger, 300) };
}

function bindingOf({ path }: Pick<Method<unknown, unknown>, "path">, waits = false): UnaryBinding {
  return { kind: "unary", path, waits, run: () => Promise.reject(new Error("is not called")) };
}

const remote = "127.0.0.1:5000";

for (const { method, request, response, want } of [
  {
    method: Range,
    request: RangeRequest.encode(RangeRequest.create({ key: "a", rangeEnd: "b" })),
    response: RangeResponse.encode(RangeResponse.create({ count: 7 })),
    want: [0, 7, 'key:"a" range_end:"b"'],
  },
  { method: Put, request: PutRequest.encode(put), response: undefined, want: [1, 0, 'key:"a" value_size:6'] },
  {
    method: DeleteRange,
    request: DeleteRangeRequest.encode(DeleteRangeRequest.create({ key: "a" })),
    response: DeleteRangeResponse.encode(DeleteRangeResponse.create({ deleted: 3 })),
    want: [0, 3, 'key:"a"'],
  },
  {
    method: Txn,
    request: TxnRequest.encode(TxnRequest.create({ success: [operation, operation] })),
    response: TxnResponse.encode(TxnResponse.create({ succeeded: true })),
    want: [
      2,
      0,
      'compare:<> success:<request_put:<key:"a" value_size:6 > request_put:<key:"a" value_size:6 >> failure:<>',
    ],
  },
  {
    method: services["etcdserverpb.Auth"].Authenticate,
    request: secret,
    response: secret,
    want: [-1, -1, ""],
  },
]) {
  test(`a slow ${method.path} is told`, () => {
    const { clock, lines, slow } = watched();
    clock.advance(1_000);
    const startedAt = slow.now();
    clock.advance(301);
    slow.ended(bindingOf(method), request, response, startedAt, remote);
    const [requested, answered, content] = want;
    const known = requested !== -1;
    expect(lines).toEqual([
      {
        "start time": "2020-09-13T12:26:41.000Z",
        "time spent": "301ms",
        remote: "127.0.0.1:5000",
        "response type": method.path,
        "request count": requested,
        "request size": known ? request.length : -1,
        "response count": answered,
        "response size": known ? (response?.length ?? 0) : -1,
        "request content": content,
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
  });
}

test("a call that is quick enough, or may wait for others, is not told", () => {
  const { clock, lines, slow } = watched();
  clock.advance(300);
  slow.ended(bindingOf(Put), PutRequest.encode(put), undefined, 0, remote);
  clock.advance(10_000);
  slow.ended(bindingOf(services["v3lockpb.Lock"].Lock, true), secret, undefined, 0, remote);
  expect(lines).toEqual([]);
});

test("a request that is malformed is told as one of nothing known", () => {
  const { clock, lines, slow } = watched();
  clock.advance(301);
  slow.ended(bindingOf(Put), Buffer.from([0xff]), undefined, 0, remote);
  expect(lines).toMatchObject([{ "response type": Put.path, "request count": -1, "request content": "" }]);
});
