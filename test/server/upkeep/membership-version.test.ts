import { expect, test } from "vitest";
import { type ApiLevel, ManualClock, silentLogger } from "../../../src/base/index.js";
import { type DowngradeInfo, encodeV2Store } from "../../../src/cluster/index.js";
import { VersionSurvey } from "../../../src/server/upkeep/version-survey.js";
import { makeCluster, openBackend } from "../../cluster/fixtures.js";
import { fakeClient, memberOf } from "../fake-peers.js";

const down = { enabled: true, targetVersion: "3.6.0" };

/** The version that a cluster should change to, when its other members report `servers`. */
async function dueIn(
  level: ApiLevel,
  version: string | undefined,
  servers: readonly (string | undefined)[],
  downgrade: DowngradeInfo = { enabled: false, targetVersion: "" },
) {
  const cluster = makeCluster(await openBackend(), silentLogger, level);
  const members = [memberOf(1), ...servers.map((_, at) => memberOf(at + 2))];
  await cluster.restoreSnapshot(encodeV2Store({ members, removed: [], version }));
  cluster.setDowngrade(downgrade);
  const peers = servers.map((server, at) => {
    const said = server === undefined ? {} : { versions: { server, cluster: version } };
    return [`http://10.0.0.${at + 2}:2380`, said] as const;
  });
  const client = fakeClient(Object.fromEntries(peers));
  return await new VersionSurvey({ level, cluster, client, clock: new ManualClock(), logger: silentLogger }).due();
}

for (const { name, level, version, servers, want } of [
  { name: "this member's if it is alone", level: "3.5", version: undefined, servers: [], want: "3.5.0" },
  { name: "this member's if it is alone", level: "3.6", version: undefined, servers: [], want: "3.6.0" },
  { name: "this member's if it is alone", level: "3.7", version: undefined, servers: [], want: "3.7.0" },
  { name: "this member's if all have its minor", version: undefined, servers: ["3.5.1", "3.5.30"], want: "3.5.0" },
  { name: "the lowest of all members", version: undefined, servers: ["3.5.30", "3.4.23"], want: "3.4.0" },
  { name: "the lowest", level: "3.7", version: undefined, servers: ["3.7.1", "3.6.14"], want: "3.6.0" },
  { name: "this member's if another is newer", version: undefined, servers: ["3.6.1"], want: "3.5.0" },
  { name: "the oldest until all have answered", version: undefined, servers: ["3.5.30", undefined], want: "3.0.0" },
  { name: "raised when all members have answered", version: "3.0.0", servers: ["3.5.30", "3.5.30"], want: "3.5.0" },
  { name: "raised when the oldest member is replaced", version: "3.4.0", servers: ["3.5.30"], want: "3.5.0" },
  { name: "raised by two", level: "3.7", version: "3.5.0", servers: ["3.7.1"], want: "3.7.0" },
  { name: "unchanged if the members' versions are", version: "3.5.0", servers: ["3.5.30"], want: undefined },
  { name: "unchanged if a member does not answer", version: "3.4.0", servers: ["3.5.30", undefined], want: undefined },
  { name: "unchanged when an older member joins", version: "3.5.0", servers: ["3.4.23"], want: undefined },
  { name: "unchanged if a member's answer is no version", version: "3.4.0", servers: ["new"], want: undefined },
] as const) {
  test(`the cluster's version is ${name}`, async () => {
    expect(await dueIn(level ?? "3.5", version, servers)).toBe(want);
  });
}

for (const { name, version, servers, want } of [
  { name: "lowered to the target of a downgrade", version: "3.7.0", servers: ["3.7.1", "3.7.1"], want: "3.6.0" },
  { name: "not lowered twice", version: "3.6.0", servers: ["3.7.1", "3.6.14"], want: undefined },
  { name: "not raised while the downgrade goes on", version: "3.6.0", servers: ["3.7.1"], want: undefined },
  { name: "not lowered while a member does not answer", version: "3.7.0", servers: [undefined], want: undefined },
  { name: "not lowered by more than one minor version", version: "3.8.0", servers: ["3.7.1"], want: undefined },
  { name: "not lowered if a member is too old", version: "3.7.0", servers: ["3.5.30"], want: undefined },
]) {
  test(`during a downgrade to 3.6 the cluster's version is ${name}`, async () => {
    const level = "3.7";
    if (version === "3.8.0") await expect(dueIn(level, version, servers, down)).rejects.toThrow("invalid downgrade");
    else expect(await dueIn(level, version, servers, down)).toBe(want);
  });
}

for (const [level, want] of [
  ["3.5", undefined],
  ["3.6", "3.5.0"],
  ["3.7", undefined],
] as const) {
  test(`a downgrade to 3.5 of a cluster of version 3.6 is carried out from 3.6 on (level ${level})`, async () => {
    const version = level === "3.5" ? "3.5.0" : "3.6.0";
    const servers = [level === "3.7" ? "3.7.1" : "3.6.14"];
    expect(await dueIn(level, version, servers, { enabled: true, targetVersion: "3.5.0" })).toBe(want);
  });
}
