import { expect, test } from "vitest";
import { KeyValue } from "../../src/wire/index.js";
import { lease, openBackend, openBench, put, txn } from "./fixtures.js";

test("a put keeps the lease of its key, even if the lease has no record", async () => {
  const backend = await openBackend();
  const before = await openBench({ backend });
  before.mustApply({ leaseGrant: { id: lease(7), ttl: 60 } });
  before.mustApply({ put: put("a", "1", { lease: lease(7) }) });
  await backend.commit();
  for await (const rows of backend.batches("lease")) for (const [id] of rows) backend.delete("lease", id);
  const after = await openBench({ backend });
  after.mustApply({ put: put("a", "2", { ignoreLease: true }) });
  after.mustApply({ txn: txn([], [{ put: put("a", "3", { ignoreLease: true }) }]) });
  const [stored] = after.store.range("a", "").kvs;
  const { value, lease: kept, version } = KeyValue.decode(stored ?? new Uint8Array());
  expect([Buffer.from(value).toString(), kept, version]).toEqual(["3", 7n, 3]);
  expect(after.lessor.leaseOf("a" as never)).toBe(0n);
  expect(after.apply({ put: put("a", "4", { lease: lease(7) }) }).error?.kind).toBe("leaseNotFound");
});
