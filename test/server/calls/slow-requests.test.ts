import { expect, test } from "vitest";
import { EtcdError, type LogFields, ManualClock, seededRandom, silentLogger } from "../../../src/base/index.js";
import { requestText } from "../../../src/server/calls/request-text.js";
import { SlowRequests } from "../../../src/server/calls/slow-requests.js";
import { ServerCounters } from "../../../src/server/counters.js";
import {
  Compare,
  CompareTarget,
  DeleteRangeRequest,
  InternalRaftRequest,
  KeyValue,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../../../src/wire/index.js";

const secret = Buffer.from("s3cret");
const put = PutRequest.create({ key: 'a"\xff', value: secret, lease: 7n, prevKv: true });

for (const { name, request, want } of [
  { name: "a put", request: put, want: 'key:"a\\"\\377" value_size:6 lease:7 prev_kv:true' },
  { name: "a range", request: RangeRequest.create({ key: "a", rangeEnd: "b" }), want: 'key:"a" range_end:"b"' },
  {
    name: "a put of the log",
    request: InternalRaftRequest.create({ put }),
    want: 'put:<key:"a\\"\\377" value_size:6 lease:7 prev_kv:true >',
  },
  {
    name: "a transaction",
    request: TxnRequest.create({
      compare: [
        Compare.create({ target: CompareTarget.VALUE, key: "k", targetUnion: { case: "value", value: secret } }),
      ],
      success: [{ request: { case: "requestPut", value: put } }],
      failure: [{ request: { case: "requestDeleteRange", value: DeleteRangeRequest.create({ key: "d" }) } }],
    }),
    want:
      'compare:<target:3 key:"k" value_size:6> ' +
      'success:<request_put:<key:"a\\"\\377" value_size:6 lease:7 prev_kv:true >> ' +
      'failure:<request_delete_range:<key:"d" >>',
  },
  {
    name: "a new user",
    request: { authUserAdd: { name: "u", password: "s3cret", hashedPassword: "s3cret" } },
    want: 'auth_user_add:<name:"u" >',
  },
  {
    name: "a login",
    request: { authenticate: { name: "u", password: "s3cret", simpleToken: "s3cret" } },
    want: 'authenticate:<name:"u" >',
  },
]) {
  test(`the text of ${name} omits values and passwords`, () => {
    expect(requestText(request)).toBe(want);
  });
}

test("the text of a long request is cut, and costs little time", () => {
  const operation = { request: { case: "requestPut", value: put } } as const;
  const text = requestText(TxnRequest.create({ success: Array.from({ length: 100_000 }, () => operation) }));
  expect(text.length).toBeLessThan(1_100);
  expect(requestText({ key: "k".repeat(1_000_000) }).length).toBeLessThan(1_100);
});

function watched() {
  const clock = new ManualClock();
  const counters = new ServerCounters();
  const lines: [string, LogFields | undefined][] = [];
  const say = (message: string, fields?: LogFields): void => void lines.push([message, fields]);
  const logger = { ...silentLogger, info: say, warn: say };
  const slow = new SlowRequests({ clock, random: seededRandom(1), logger, counters, warningApplyDurationMs: 100 });
  return { clock, counters, lines, slow };
}

const pair = KeyValue.encode(KeyValue.create({ key: "a", value: secret }));
const found = RangeResponse.create({ kvs: [pair, pair] });

test("a request within the time limit is not logged", () => {
  const { clock, counters, lines, slow } = watched();
  clock.advance(100);
  slow.applied(InternalRaftRequest.create({ put }), { error: new EtcdError("leaseNotFound") }, 100);
  slow.range(RangeRequest.create({ key: "a" }), found, 0);
  slow.readOnlyTxn(TxnRequest.create(), undefined, 0);
  expect([lines, counters.slowApplies, slow.isLong(0)]).toEqual([[], 0, false]);
});

test("a request beyond the time limit is logged in etcd's words and counted", () => {
  const { clock, counters, lines, slow } = watched();
  const error = new EtcdError("leaseNotFound");
  clock.advance(150);
  slow.applied(InternalRaftRequest.create({ put }), { error }, 101.5);
  slow.range(RangeRequest.create({ key: "a" }), found, 0);
  const response = { response: { case: "responseRange", value: found } } as const;
  slow.readOnlyTxn(TxnRequest.create(), TxnResponse.create({ responses: [response] }), 0);
  const expected = { "expected-duration": "100ms" };
  expect(lines.map(([message]) => new Set([message]))).toEqual(Array(3).fill(new Set(["apply request took too long"])));
  expect(lines.map(([, fields]) => fields)).toEqual([
    {
      ...{ took: "101.5ms", ...expected, prefix: "", response: "", error },
      request: 'put:<key:"a\\"\\377" value_size:6 lease:7 prev_kv:true >',
    },
    {
      ...{ took: "150ms", ...expected, prefix: "read-only range ", request: 'key:"a"' },
      response: `range_response_count:2 size:${2 * pair.length}`,
    },
    {
      ...{ took: "150ms", ...expected, prefix: "read-only txn ", request: "compare:<> success:<> failure:<>" },
      response: `responses:<range_response_count:2> size:${2 * pair.length}`,
    },
  ]);
  expect(counters.slowApplies).toBe(3);
});

test("a trace lists the slow steps", () => {
  const { clock, lines, slow } = watched();
  clock.advance(200);
  const steps = [["agreement", 150] as const, ["a moment", 151] as const, ["reading", 200] as const];
  slow.trace("range", { rangeBegin: "a b", rangeEnd: "", responseCount: 2 }, 0, steps);
  const [[message, fields] = ["", {}]] = lines;
  expect(message).toMatch(/^trace\[\d+\] range$/);
  const name = message.split(" ")[0];
  expect(fields).toEqual({
    detail: '{range_begin:"a b"; response_count:2; }',
    duration: "200ms",
    start: "2020-09-13T12:26:40.000Z",
    end: "2020-09-13T12:26:40.200Z",
    steps: [`${name} 'agreement'  (duration: 150ms)`, `${name} 'reading'  (duration: 49ms)`],
    step_count: 2,
  });
});

test("of very many slow requests a sample is logged, with the number of those left out", () => {
  const { clock, counters, lines, slow } = watched();
  clock.advance(150);
  const count = 1_000;
  for (let at = 0; at < count; at++) {
    slow.trace("put", { key: "a" }, 0, []);
    slow.range(RangeRequest.create({ key: "a" }), found, 0);
  }
  // The first hundred, and every hundredth of the rest, of each kind.
  expect(lines).toHaveLength(2 * (100 + 9));
  expect(counters.slowApplies).toBe(count);
  const omitted = lines.map(([, fields]) => Number(fields?.["lines-omitted"] ?? 0));
  expect(omitted.reduce((sum, one) => sum + one, 0)).toBe(2 * (count - 100 - 9));
  clock.advance(1_000);
  slow.trace("put", { key: "a" }, 0, []);
  expect(lines.at(-1)?.[1]).not.toHaveProperty("lines-omitted");
});
