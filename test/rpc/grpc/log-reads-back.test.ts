import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import type { Binding } from "../../../src/rpc/grpc/binding.js";
import { clientBindings } from "../../../src/rpc/services/client-services.js";
import {
  AlarmRequest,
  Compare,
  loadJsonForms,
  PutRequest,
  RangeRequest,
  services,
  TxnRequest,
} from "../../../src/wire/index.js";
import { Host, outcome, patient } from "../../server/member.js";
import { arbitraryMessage } from "../../wire/arbitrary.js";
import { messages } from "../../wire/messages.js";

const { Range, Put, DeleteRange, Txn, Compact } = services["etcdserverpb.KV"];
const { LeaseGrant, LeaseRevoke } = services["etcdserverpb.Lease"];
const { Alarm } = services["etcdserverpb.Maintenance"];

/** All methods whose requests go into the log, except those that change the membership. */
const methods = [
  ...[Put, DeleteRange, Txn, Compact, LeaseGrant, LeaseRevoke, Alarm],
  ...Object.values(services["etcdserverpb.Auth"]),
];

const host = new Host({ bcryptCost: 4 });
let bindings: readonly Binding[] = [];
beforeAll(async () => {
  bindings = clientBindings(await host.start(), host.clock, seededRandom(1));
});
afterAll(() => host.dispose());

function run({ path }: { readonly path: string }, request: Uint8Array): Promise<string> {
  const binding = bindings.find((one) => one.path === path);
  if (binding?.kind !== "unary") throw new Error(`${path} is not bound`);
  return outcome(binding.run(request, patient));
}

/** Checks that the member still answers: one that cannot apply an entry stops. */
async function expectAlive(): Promise<void> {
  expect(await run(Range, RangeRequest.encode(RangeRequest.create({ key: "alive" })))).toBe("done");
}

/** Disarms all alarms, of any member. Otherwise they would make later requests fail. */
async function disarm(): Promise<void> {
  const call = patient;
  const { alarms } = await host.server.maintenance.alarm(AlarmRequest.create({ action: 0 }), call);
  for (const { memberId, alarm } of alarms) {
    await host.server.maintenance.alarm(AlarmRequest.create({ action: 2, memberId, alarm }), call);
  }
}

const putOf = (key: string): TxnRequest =>
  TxnRequest.create({ success: [{ request: { case: "requestPut", value: PutRequest.create({ key }) } }] });

/** A transaction nested in others, with `levels` levels in all. */
function nested(levels: number, innermost: TxnRequest): TxnRequest {
  let txn = innermost;
  for (let level = 1; level < levels; level++) {
    txn = TxnRequest.create({ success: [{ request: { case: "requestTxn", value: txn } }] });
  }
  return txn;
}

/** Arbitrary requests of a method, encoded. */
function arbitraryBytes(method: (typeof methods)[number]): fc.Arbitrary<Uint8Array> {
  const found = [...messages.values()].find(({ codec }) => Object.is(codec, method.request));
  if (found === undefined) throw new Error(`${method.path} has no request`);
  return arbitraryMessage(found.type).map(({ ours }) => found.codec.encode(ours));
}

const anyRequest = fc.oneof(...methods.map((method) => arbitraryBytes(method).map((bytes) => ({ method, bytes }))));

test("every accepted request can be read back from the log, also after a crash", async () => {
  await fc.assert(
    fc.asyncProperty(anyRequest, async ({ method, bytes }) => {
      await run(method, bytes);
      await disarm();
      await expectAlive();
    }),
    { numRuns: 300 },
  );
  const { revision } = host.server.headers.at();
  bindings = clientBindings(await host.crash(), host.clock, seededRandom(2));
  expect(host.server.headers.at().revision).toBe(revision);
});

test("nested transactions can be read back at any depth and with any innermost one", async () => {
  const innermost = [putOf("k"), TxnRequest.create({ compare: [Compare.create({ key: "k" })] }), TxnRequest.create()];
  for (let levels = 1; levels <= 130; levels++) {
    for (const txn of innermost) await run(Txn, TxnRequest.encode(nested(levels, txn)));
  }
  await expectAlive();
});

// The results are those of etcd, over gRPC and JSON.
for (const { levels, want } of [
  { levels: 49, want: "done" },
  { levels: 50, want: "done" },
  { levels: 100, want: "done" },
  { levels: 128, want: "done" },
  { levels: 129, want: "tooManyOps" },
  { levels: 499, want: "tooManyOps" },
]) {
  test(`${levels} transactions inside each other: ${want}`, async () => {
    expect(await run(Txn, TxnRequest.encode(nested(levels, putOf("k"))))).toBe(want);
    const put = '{"success":[{"requestPut":{"key":"aw=="}}]}';
    const json = `${'{"success":[{"requestTxn":'.repeat(levels - 1)}${put}${"}]}".repeat(levels - 1)}`;
    const { parse } = await loadJsonForms();
    expect(await run(Txn, parse("etcdserverpb.TxnRequest", Buffer.from(json)))).toBe(want);
    await expectAlive();
  });
}
