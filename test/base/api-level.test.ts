import { expect, test } from "vitest";
import { apiLevels, apiVersion, clusterVersionOf, defaultApiLevel, isAtLeast } from "../../src/base/index.js";

for (const { level, version, cluster, atLeast } of [
  { level: "3.5", version: "3.5.30", cluster: "3.5.0", atLeast: ["3.5"] },
  { level: "3.6", version: "3.6.14", cluster: "3.6.0", atLeast: ["3.5", "3.6"] },
  { level: "3.7", version: "3.7.1", cluster: "3.7.0", atLeast: ["3.5", "3.6", "3.7"] },
] as const) {
  test(`a member of level ${level} reports ${version} and brings its cluster up to ${cluster}`, () => {
    expect(apiVersion(level)).toBe(version);
    expect(clusterVersionOf(level)).toBe(cluster);
    expect(apiLevels.filter((other) => isAtLeast(level, other))).toEqual(atLeast);
  });
}

test("the default level is one of the levels", () => expect(apiLevels).toContain(defaultApiLevel));
