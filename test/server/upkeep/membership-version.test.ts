import { expect, test } from "vitest";
import { type ApiLevel, ManualClock, silentLogger } from "../../../src/base/index.js";
import { encodeV2Store } from "../../../src/cluster/index.js";
import { VersionSurvey } from "../../../src/server/upkeep/version-survey.js";
import { makeCluster, openBackend } from "../../cluster/fixtures.js";
import { fakeClient, memberOf } from "../fake-peers.js";

/** The version that a cluster should change to, when its other members report `servers`. */
async function dueIn(level: ApiLevel, version: string | undefined, servers: readonly (string | undefined)[]) {
  const cluster = makeCluster(await openBackend(), silentLogger, level);
  const members = [memberOf(1), ...servers.map((_, at) => memberOf(at + 2))];
  await cluster.restoreSnapshot(encodeV2Store({ members, removed: [], version }));
  const peers = servers.map((server, at) => {
    const said = server === undefined ? {} : { versions: { server, cluster: version } };
    return [`http://10.0.0.${at + 2}:2380`, said] as const;
  });
  const client = fakeClient(Object.fromEntries(peers));
  return await new VersionSurvey({ level, cluster, client, clock: new ManualClock(), logger: silentLogger }).due();
}

for (const { name, version, servers, want } of [
  { name: "this member's if it is alone", version: undefined, servers: [], want: "3.5.0" },
  { name: "this member's if all have its minor", version: undefined, servers: ["3.5.1", "3.5.30"], want: "3.5.0" },
  { name: "the lowest of all members", version: undefined, servers: ["3.5.30", "3.4.23"], want: "3.4.0" },
  { name: "this member's if another is newer", version: undefined, servers: ["3.6.1"], want: "3.5.0" },
  { name: "the oldest until all have answered", version: undefined, servers: ["3.5.30", undefined], want: "3.0.0" },
  { name: "raised when all members have answered", version: "3.0.0", servers: ["3.5.30", "3.5.30"], want: "3.5.0" },
  { name: "raised when the oldest member is replaced", version: "3.4.0", servers: ["3.5.30"], want: "3.5.0" },
  { name: "unchanged if the members' versions are", version: "3.5.0", servers: ["3.5.30"], want: undefined },
  { name: "unchanged if a member does not answer", version: "3.4.0", servers: ["3.5.30", undefined], want: undefined },
  { name: "unchanged when an older member joins", version: "3.5.0", servers: ["3.4.23"], want: undefined },
  { name: "unchanged if a member's answer is no version", version: "3.4.0", servers: ["new"], want: undefined },
]) {
  test(`the cluster's version is ${name}`, async () => {
    expect(await dueIn("3.5", version, servers)).toBe(want);
  });
}
