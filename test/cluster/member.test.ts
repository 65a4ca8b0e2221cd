import { expect, test } from "vitest";
import { computeClusterId, idText, initialMembers } from "../../src/cluster/index.js";
import { computeMemberId } from "../../src/cluster/member.js";

const etcdToken = "etcd-cluster";

// The expected ids are those of etcd 3.5.30 with the same flags.
test("computeMemberId() gives the ids of etcd", () => {
  expect(idText(computeMemberId(["http://127.0.0.1:23800"], etcdToken))).toBe("2e1259d415f2a040");
  expect(idText(computeMemberId(["http://localhost:2380"], etcdToken))).toBe("8e9e05c52164694d");
});

test("computeClusterId() gives the ids of etcd", () => {
  const id = computeMemberId(["http://127.0.0.1:23800"], etcdToken);
  expect(idText(computeClusterId([id]))).toBe("48276a8f75b6a87");
  expect(idText(computeClusterId([computeMemberId(["http://localhost:2380"], etcdToken)]))).toBe("cdf818194e3a8c32");
});

test("an id depends on the set of URLs, the token and the time, not on the order", () => {
  const urls = ["http://a:1", "http://b:1"];
  const id = computeMemberId(urls, "t");
  expect(computeMemberId(urls.toReversed(), "t")).toBe(id);
  expect(
    new Set([id, computeMemberId(urls, "u"), computeMemberId(urls, "t", 1), computeMemberId(urls, "t", 2)]).size,
  ).toBe(4);
});

test("computeClusterId() does not depend on the order of the members", () => {
  const ids = [1, 2, 3].map((port) => computeMemberId([`http://a:${port}`], "t"));
  expect(computeClusterId(ids.toReversed())).toBe(computeClusterId(ids));
});

test("initialMembers() sorts members by id and their URLs by text", () => {
  const members = initialMembers(
    new Map([
      ["one", ["http://b:1", "http://a:1"]],
      ["two", ["http://c:1"]],
      ["three", ["http://d:1"]],
    ]),
    "t",
  );
  expect(members.map(({ id }) => id)).toEqual(members.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1)));
  expect(members.find(({ name }) => name === "one")?.peerUrls).toEqual(["http://a:1", "http://b:1"]);
});

test("initialMembers() refuses two members with the same id", () => {
  const urls = new Map([
    ["one", ["http://a:1"]],
    ["two", ["http://a:1"]],
  ]);
  expect(() => initialMembers(urls, "t")).toThrow("one and two");
});
