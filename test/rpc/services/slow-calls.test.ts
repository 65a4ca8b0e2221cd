import { expect, test } from "vitest";
import { type LogFields, ManualClock, silentLogger } from "../../../src/base/index.js";
import type { CallLog, UnaryBinding } from "../../../src/rpc/grpc/binding.js";
import { type KvServer, kvBindings } from "../../../src/rpc/services/kv.js";
import { SlowCalls } from "../../../src/rpc/services/slow-calls.js";
import type { Call } from "../../../src/server/index.js";
import {
  CompactionResponse,
  Compare,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  ResponseHeader,
  services,
  TxnRequest,
  TxnResponse,
} from "../../../src/wire/index.js";

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

const answers: KvServer = {
  kv: {
    answerRange: async () => RangeResponse.create({ count: 7 }),
    streamRange: () => Promise.reject(new Error("a stream is not logged")),
    put: async () => PutResponse.create(),
    deleteRange: async () => DeleteRangeResponse.create({ deleted: 3 }),
    answerTxn: async ({ compare }) => TxnResponse.create({ succeeded: compare.length === 0 }),
    compact: async () => CompactionResponse.create(),
  },
  headers: { at: () => ResponseHeader.create() },
};
const call: Call = { cancelled: false, signal: new AbortController().signal, metadata: () => undefined };

function bindingOf(path: string): UnaryBinding {
  const found = kvBindings(answers, 128).find((binding) => binding.path === path);
  return found?.kind === "unary" ? found : { kind: "unary", path, run: async (request) => request };
}

/** Makes a call of the method that takes `tookMs`. */
async function answered(path: string, request: Uint8Array, tookMs: number, waits = false) {
  const { clock, lines, slow } = watched();
  clock.advance(1_000);
  const startedAt = slow.now();
  const log: CallLog = { asked: undefined, requestCount: 0, responseCount: 0 };
  const binding = bindingOf(path);
  const responseBytes = await binding.run(request, call, log).then(
    ({ length }) => length,
    () => 0,
  );
  clock.advance(tookMs);
  slow.ended({ ...binding, waits }, { ...log, remote }, request.length, responseBytes, startedAt);
  return { lines, responseBytes };
}

const remote = "127.0.0.1:5000";

for (const { method, request, want } of [
  {
    method: Range,
    request: RangeRequest.encode(RangeRequest.create({ key: "a", rangeEnd: "b" })),
    want: [0, 7, 'key:"a" range_end:"b"'],
  },
  { method: Put, request: PutRequest.encode(put), want: [1, 0, 'key:"a" value_size:6'] },
  {
    method: DeleteRange,
    request: DeleteRangeRequest.encode(DeleteRangeRequest.create({ key: "a" })),
    want: [0, 3, 'key:"a"'],
  },
  {
    method: Txn,
    request: TxnRequest.encode(TxnRequest.create({ success: [operation] })),
    want: [1, 0, 'compare:<> success:<request_put:<key:"a" value_size:6 >> failure:<>'],
  },
  {
    method: Txn,
    request: TxnRequest.encode(TxnRequest.create({ compare: [Compare.create({ key: "k" })], success: [operation] })),
    want: [0, 0, 'compare:<key:"k"> success:<request_put:<key:"a" value_size:6 >> failure:<>'],
  },
  { method: services["etcdserverpb.Auth"].Authenticate, request: secret, want: [-1, -1, ""] },
]) {
  test(`a slow ${method.path} is logged with ${want.join(", ")}`, async () => {
    const { lines, responseBytes } = await answered(method.path, request, 301);
    const [requested, responseCount, content] = want;
    const known = requested !== -1;
    expect(lines).toEqual([
      {
        "start time": "2020-09-13T12:26:41.000Z",
        "time spent": "301ms",
        remote: "127.0.0.1:5000",
        "response type": method.path,
        "request count": requested,
        "request size": known ? request.length : -1,
        "response count": responseCount,
        "response size": known ? responseBytes : -1,
        "request content": content,
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
  });
}

test("a call that is fast enough, or that may wait for others, is not logged", async () => {
  expect((await answered(Put.path, PutRequest.encode(put), 300)).lines).toEqual([]);
  expect((await answered(services["v3lockpb.Lock"].Lock.path, secret, 10_000, true)).lines).toEqual([]);
});

test("a malformed request is logged without its content", async () => {
  const { lines } = await answered(Put.path, Buffer.from([0xff]), 301);
  expect(lines).toMatchObject([{ "response type": Put.path, "request count": -1, "request content": "" }]);
});

test("of very many slow calls a sample is logged", () => {
  const { clock, lines, slow } = watched();
  clock.advance(301);
  const ended = { asked: undefined, requestCount: 0, responseCount: 0, remote };
  for (let at = 0; at < 1_000; at++) slow.ended({ ...bindingOf(Put.path), waits: false }, ended, 0, 0, 0);
  expect(lines).toHaveLength(100 + 9);
});
