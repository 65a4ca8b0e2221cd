import { expect, test } from "vitest";
import { apiVersion, type LogFields, silentLogger } from "../../src/base/index.js";
import { compareVersions } from "../../src/cluster/cluster-version.js";
import { shortVersion } from "../../src/cluster/index.js";
import { makeCluster, openBackend } from "./fixtures.js";

for (const [one, other, want] of [
  ["3.5.0", "3.5.0", 0],
  ["3.5.0", "3.5.30", 0],
  ["3.4.9", "3.5.0", -1],
  ["3.10.0", "3.9.0", 1],
  ["4.0.0", "3.9.0", 1],
  ["3.5", "3.5.1", 0],
] as const) {
  test(`compareVersions("${one}", "${other}") is ${want}`, () =>
    expect(Math.sign(compareVersions(one, other))).toBe(want));
}

test("a version consists of two numbers and optional further parts", () => {
  expect(shortVersion("3.5.0")).toBe("3.5");
  for (const text of ["", "3", "x.y", "3.5x"]) expect(() => compareVersions(text, "3.5.0")).toThrow("not a version");
});

test("the cluster's version is unknown at first, and then stored", async () => {
  const backend = await openBackend();
  const lines: [string, LogFields?][] = [];
  const info = (message: string, fields?: LogFields): number =>
    lines.push(fields === undefined ? [message] : [message, fields]);
  const cluster = makeCluster(backend, { ...silentLogger, info });
  expect(cluster.version).toBeUndefined();
  cluster.setVersion("3.0.0");
  cluster.setVersion("3.5.0");
  const names = { "cluster-id": "c1", "local-member-id": "1" };
  expect(lines).toEqual([
    ["set initial cluster version", { ...names, "cluster-version": "3.0" }],
    ["enabled capabilities for version", { "cluster-version": "3.0" }],
    ["updated cluster version", { ...names, from: "3.0", to: "3.5" }],
    ["enabled capabilities for version", { "cluster-version": "3.5" }],
  ]);
  const again = makeCluster(backend);
  await again.restore();
  expect(again.version).toBe("3.5.0");
});

for (const { level, stored, refused } of [
  { level: "3.5", stored: "3.5.0", refused: false },
  { level: "3.5", stored: "3.6.0", refused: true },
  { level: "3.6", stored: "3.5.0", refused: false },
  { level: "3.6", stored: "3.7.0", refused: true },
  { level: "3.7", stored: "3.7.0", refused: false },
  { level: "3.7", stored: "3.8.0", refused: true },
] as const) {
  const does = refused ? "stops, at once and after a restart" : "runs";
  test(`a member of level ${level} in a cluster of version ${stored} ${does}`, async () => {
    const backend = await openBackend();
    const text =
      `server version is lower than determined cluster version (current-server-version: ${apiVersion(level)}, ` +
      `determined-cluster-version: ${shortVersion(stored)})`;
    const fresh = makeCluster(await openBackend(), silentLogger, level);
    backend.put("cluster", Buffer.from("clusterVersion"), Buffer.from(stored));
    const again = makeCluster(backend, silentLogger, level);
    if (refused) {
      expect(() => fresh.setVersion(stored)).toThrow(text);
      await expect(again.restore()).rejects.toThrow(text);
    } else {
      fresh.setVersion(stored);
      await again.restore();
      expect(again.version).toBe(stored);
    }
  });
}

test("with level 3.5 a member cannot start in a cluster that is being downgraded to another release", async () => {
  const backend = await openBackend();
  const open = () => makeCluster(backend, silentLogger, "3.5");
  open().setDowngrade({ enabled: true, targetVersion: "3.4.0" });
  await expect(open().restore()).rejects.toThrow("not allowed to join when downgrade is enabled");
  open().setDowngrade({ enabled: true, targetVersion: "3.5.0" });
  const cluster = open();
  await cluster.restore();
  expect(cluster.downgrade).toEqual({ enabled: true, targetVersion: "3.5.0" });
});

for (const level of ["3.6", "3.7"] as const) {
  test(`with level ${level} a member that is to be replaced may start again during a downgrade`, async () => {
    const backend = await openBackend();
    const cluster = makeCluster(backend, silentLogger, level);
    cluster.setVersion(`${level}.0`);
    cluster.setDowngrade({ enabled: true, targetVersion: "3.5.0" });
    await expect(makeCluster(backend, silentLogger, level).restore()).resolves.toBeUndefined();
  });
}

test("whoever listens hears of each new cluster version, with the one before", async () => {
  const cluster = makeCluster(await openBackend(), silentLogger, "3.7");
  const heard: unknown[] = [];
  cluster.onVersion((before) => heard.push([before, cluster.version]));
  for (const version of ["3.6.0", "3.7.0", "3.7.0", "3.6.0"]) cluster.setVersion(version);
  expect(heard).toEqual([
    [undefined, "3.6.0"],
    ["3.6.0", "3.7.0"],
    ["3.7.0", "3.6.0"],
  ]);
});
