import { expect, test } from "vitest";
import { TestClient } from "../support/client.js";
import { askHttp } from "../support/http-client.js";
import { previousBuild } from "../support/previous-build.js";
import { until } from "../support/until.js";
import { expectNothingLost, expectOneHash, Load } from "./load.js";
import { type Member, Members } from "./members.js";

// Replaces the members of a cluster of the previous release by those of this one, and back, while clients write.

const previous = previousBuild();
const leases = "etcdserverpb.Lease";

/** Stops a member, and starts it on its data as a member of another build or level. The load goes on. */
async function replace(member: Member, load: Load, build: string | undefined, ...flags: string[]): Promise<void> {
  await member.kill("SIGTERM");
  await load.goesOn(10);
  member.build = build;
  await member.start(...flags);
  await load.goesOn(20);
}

async function versionsOf(members: readonly Member[]): Promise<unknown[]> {
  const versions = await Promise.all(
    members.map(async ({ endpoint }) =>
      JSON.parse((await askHttp(endpoint, { path: "/version", method: "GET" })).body),
    ),
  );
  return versions.map(({ etcdserver, etcdcluster, storage }) => [etcdserver, etcdcluster, storage]);
}

test.skipIf(previous === undefined)(
  "three members of the previous release are replaced one by one under load, and back while one is old",
  { timeout: 300_000 },
  async () => {
    const members = await Members.planned("ours", "ours", "ours");
    const [a, b, c] = members.all as [Member, Member, Member];
    for (const member of members.all) member.build = previous;
    await Promise.all(members.all.map((member) => member.start("--initial-cluster", members.initialCluster())));
    const endpoints = members.all.map(({ endpoint }) => endpoint);
    const load = new Load(endpoints, 3);
    try {
      const client = new TestClient(a.endpoint, 5_000);
      const { id } = await client.unary(leases, "LeaseGrant", { ttl: 3_600 });
      client.close();
      await load.goesOn(50);
      expect(await versionsOf(members.all)).toEqual(Array(3).fill(["3.5.30", "3.5.0", undefined]));

      // The new release at the level of the old one may be taken back at any time.
      for (const member of members.all) await replace(member, load, undefined, "--api-level", "3.5");
      await replace(b, load, previous);
      await expectOneHash(endpoints);

      await replace(a, load, undefined);
      await replace(c, load, undefined);
      expect(await versionsOf([a, b])).toEqual([
        ["3.7.1", "3.5.0", "3.5.0"],
        ["3.5.30", "3.5.0", undefined],
      ]);
      // As long as one member is old, the others may go back, too.
      await replace(c, load, previous);
      await expectOneHash(endpoints);
      await replace(c, load, undefined);
      await replace(b, load, undefined);

      const newest = JSON.stringify(Array(3).fill(["3.7.1", "3.7.0", "3.7.0"]));
      await until(async () => JSON.stringify(await versionsOf(members.all)) === newest);
      await load.goesOn(50);
      await expectOneHash(endpoints);
      await expectNothingLost(endpoints, load);
      const asked = new TestClient(c.endpoint, 5_000);
      expect(await asked.unary(leases, "LeaseTimeToLive", { id })).toMatchObject({ grantedTtl: 3_600 });
      asked.close();

      // Now the data is that of 3.7, and neither the old release nor the old level takes it.
      await load.stop();
      await a.kill("SIGTERM");
      await expect(a.start("--api-level", "3.5")).rejects.toThrow('version \\"3.7.0\\" is not supported');
      a.build = previous;
      await expect(a.start()).rejects.toThrow("was written by another version");
      a.build = undefined;
      await a.start();
      await expectOneHash(endpoints);
      console.log(`${load.written.length} writes, at most ${Math.ceil(load.longestGapMs)} ms without one`);
    } finally {
      await load.stop();
      await members.stop();
    }
  },
);
