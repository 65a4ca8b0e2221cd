import { expect, test } from "vitest";
import { type LogFields, silentLogger } from "../../src/base/index.js";
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

test("a member that is too old for its cluster's version stops, at once and after a restart", async () => {
  const backend = await openBackend();
  expect(() => makeCluster(backend).setVersion("3.6.0")).toThrow("3.6");
  backend.put("cluster", Buffer.from("clusterVersion"), Buffer.from("3.6.0"));
  await expect(makeCluster(backend).restore()).rejects.toThrow("3.6");
});

test("a member cannot start in a cluster that is being downgraded to an older release", async () => {
  const backend = await openBackend();
  makeCluster(backend).setDowngrade({ enabled: true, targetVersion: "3.4.0" });
  await expect(makeCluster(backend).restore()).rejects.toThrow("downgraded to 3.4");
  makeCluster(backend).setDowngrade({ enabled: true, targetVersion: "3.5.0" });
  const cluster = makeCluster(backend);
  await cluster.restore();
  expect(cluster.downgrade).toEqual({ enabled: true, targetVersion: "3.5.0" });
});
