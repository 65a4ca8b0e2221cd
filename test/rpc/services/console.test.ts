import { expect, test } from "vitest";
import { Gate } from "../../../src/rpc/index.js";
import { consoleBindings } from "../../../src/rpc/services/console.js";
import type { Call } from "../../../src/server/index.js";
import { consolepb } from "../../../src/wire/index.js";

const call: Call = { cancelled: false, signal: new AbortController().signal, metadata: () => undefined };
const unasked = (): never => {
  throw new Error("asked");
};
const service = { info: unasked, tree: unasked, statistics: unasked, members: unasked, may: unasked };
const bindings = consoleBindings({ console: service });

test("a learner answers all calls of the console, since they read its own state only", () => {
  const learner = { clusterVersion: () => "3.7.0", isLearner: () => true, leadership: { hasLeader: true } };
  const gate = new Gate(learner, "3.7");
  expect(bindings.map(({ path }) => path.split("/")[2])).toEqual(["Info", "Tree", "Statistics", "Members", "May"]);
  for (const binding of bindings) expect(gate.admit(call, binding, new Uint8Array(0))).toBe(undefined);
});

for (const { type, says } of [
  { type: "read", says: "asked" },
  { type: "write", says: "asked" },
  { type: "", says: 'type must be "read" or "write"' },
  { type: "READ", says: 'type must be "read" or "write"' },
]) {
  test(`May with the type ${JSON.stringify(type)} says: ${says}`, async () => {
    const binding = bindings.find(({ path }) => path.endsWith("/May"));
    if (binding?.kind !== "unary") throw new Error("no May");
    const request = consolepb.MayRequest.encode(consolepb.MayRequest.create({ type }));
    await expect(binding.run(request, call)).rejects.toThrow(says);
  });
}
