import { afterAll, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { PutRequest } from "../../src/wire/index.js";
import { Host, outcome, patient, turns } from "./member.js";

const host = new Host({ snapshotCount: 20, snapshotCatchUpEntries: 10, backendBatchIntervalMs: 100 });
afterAll(() => host.dispose());

test("after a power failure at any moment each acknowledged write is there once", async () => {
  const random = seededRandom(7);
  const acknowledged = new Map<string, string>();
  const proposed = new Map<string, Set<string>>();
  let revision = 1;
  await host.start();
  for (let round = 0; round < 40; round++) {
    const { server } = host;
    const puts = Array.from({ length: 30 }, async (_, at) => {
      // Each key has one writer in a round, so its last acknowledged and last proposed values are known.
      const [key, value] = [`key ${at}`, `round ${round}`];
      proposed.set(key, (proposed.get(key) ?? new Set()).add(value));
      await turns(random.int(8));
      const put = async () => await server.kv.put(PutRequest.create({ key, value: Buffer.from(value) }), patient);
      if ((await outcome(put())) !== "done") return;
      acknowledged.set(key, value);
      proposed.set(key, new Set());
    });
    void host.advance(random.int(3) * 100);
    await turns(random.int(12));
    const { revision: seen } = host.server.headers.at();
    await host.crash();
    // Puts at a crashed member never settle, since their timeouts run on its stopped clock.
    await Promise.race([Promise.all(puts), turns(30)]);
    const { revision: after } = host.server.headers.at();
    expect(after).toBeGreaterThanOrEqual(Math.max(seen, revision));
    revision = after;
    for (const [key, value] of acknowledged) {
      const found = await host.get(key);
      const allowed = [value, ...(proposed.get(key) ?? [])];
      expect(allowed, `${key} after round ${round}`).toContain(found);
    }
  }
  const before = await host.server.maintenance.hashKv(0, patient);
  await host.crash();
  expect(await host.server.maintenance.hashKv(0, patient)).toMatchObject({ hash: before.hash });
});
