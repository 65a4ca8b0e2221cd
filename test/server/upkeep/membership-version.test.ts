import { expect, test } from "vitest";
import { ManualClock, silentLogger } from "../../../src/base/index.js";
import { encodeV2Store } from "../../../src/cluster/index.js";
import { VersionSurvey } from "../../../src/server/upkeep/version-survey.js";
import { makeCluster, openBackend } from "../../cluster/fixtures.js";
import { fakeClient, memberOf } from "../fake-peers.js";

/** The versions that the second and the third member of a cluster of that version report. */
async function dueIn(version: string | undefined, servers: readonly (string | undefined)[]) {
  const cluster = makeCluster(await openBackend());
  const members = [memberOf(1), ...servers.map((_, at) => memberOf(at + 2))];
  await cluster.restoreSnapshot(encodeV2Store({ members, removed: [], version }));
  const peers = servers.map((server, at) => {
    const said = server === undefined ? {} : { versions: { server, cluster: version } };
    return [`http://10.0.0.${at + 2}:2380`, said] as const;
  });
  const client = fakeClient(Object.fromEntries(peers));
  return await new VersionSurvey({ cluster, client, clock: new ManualClock(), logger: silentLogger }).due();
}

for (const { name, version, servers, want } of [
  { name: "alone, its own", version: undefined, servers: [], want: "3.5.0" },
  { name: "among its like, its own", version: undefined, servers: ["3.5.1", "3.5.30"], want: "3.5.0" },
  { name: "with an older one, the older one's", version: undefined, servers: ["3.5.30", "3.4.23"], want: "3.4.0" },
  { name: "with a newer one, its own", version: undefined, servers: ["3.6.1"], want: "3.5.0" },
  { name: "before all have answered, the oldest", version: undefined, servers: ["3.5.30", undefined], want: "3.0.0" },
  { name: "up when all have answered", version: "3.0.0", servers: ["3.5.30", "3.5.30"], want: "3.5.0" },
  { name: "up when the older one is replaced", version: "3.4.0", servers: ["3.5.30"], want: "3.5.0" },
  { name: "left when nothing has changed", version: "3.5.0", servers: ["3.5.30"], want: undefined },
  { name: "left when one does not answer", version: "3.4.0", servers: ["3.5.30", undefined], want: undefined },
  { name: "left when an older one comes", version: "3.5.0", servers: ["3.4.23"], want: undefined },
  { name: "left when one answers something else", version: "3.4.0", servers: ["new"], want: undefined },
]) {
  test(`the cluster's version is ${name}`, async () => {
    expect(await dueIn(version, servers)).toBe(want);
  });
}
