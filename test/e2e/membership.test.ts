import { expect, test } from "vitest";
import { Semaphore } from "../../src/base/index.js";
import { haveReference } from "../support/reference.js";
import type { ServerKind } from "../support/server-process.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

const able = haveReference(["etcdctl", "3.5"], ["etcd", "3.4"], ["etcd", "3.5"]);

/** Two clusters run at a time, since they mostly wait to settle. More would disturb each other's elections. */
const places = new Semaphore(2);
const patient = new AbortController();

/** A test with members of its own. */
function testWith(name: string, kinds: readonly ServerKind[], run: (members: Members) => Promise<void>): void {
  test.runIf(able)(name, { concurrent: true, timeout: 300_000 }, async () => {
    await places.enter(patient);
    let members: Members | undefined;
    try {
      members = await Members.start(...kinds);
      await run(members);
    } finally {
      await members?.stop();
      places.leave();
    }
  });
}

const three: readonly ServerKind[] = ["ours", "ours", "ours"];

testWith("members can be added as learners, promoted, moved and removed for good", three, async (members) => {
  const [a, b, c] = [members.named("a"), members.named("b"), members.named("c")];
  expect((await members.list(a, b, c)).match(/started/g)).toHaveLength(3);
  await a.done("put", "k", "v");

  const d = await members.plan("d", "ours");
  await b.accepted("member", "add", "d", "--learner", "--peer-urls", d.peerUrl);
  expect((await c.ctl("member", "add", "e", "--learner", "--peer-urls", "http://127.0.0.1:1")).stderr).toContain(
    "etcdserver: too many learner members in cluster",
  );
  expect((await c.ctl("member", "add", "e", "--peer-urls", a.peerUrl)).stderr).toContain("Peer URLs already exists");
  const id = await members.idOf(a, d);
  await d.start(...members.joining());
  expect((await d.ctl("--command-timeout=1s", "get", "k")).stderr).toContain("rpc not supported for learner");
  expect(await d.done("get", "k", "--consistency=s")).toBe("k\nv\n");

  // Followers forward the request to the leader, so it can be sent to any member.
  await until(async () => (await a.ctl("member", "promote", id)).code === 0);
  expect((await b.ctl("member", "promote", id)).stderr).toContain("can only promote a learner member");
  expect((await c.ctl("member", "promote", "123")).stderr).toContain("etcdserver: member not found");
  expect(await members.list(a, b, c, d)).toContain(`${id}, started, d, ${d.peerUrl}, http://${d.endpoint}, false`);
  expect(await d.done("get", "k")).toBe("k\nv\n");

  const moved = d.peerUrl.replace("127.0.0.1", "localhost");
  await a.done("member", "update", id, "--peer-urls", moved);
  expect(await members.list(a, b, c, d)).toContain(`${id}, started, d, ${moved}, `);

  const removed = await members.idOf(a, c);
  await a.accepted("member", "remove", removed);
  expect(await c.process.ended()).toBe(0);
  expect(c.process.log).toContain("the member has been permanently removed from the cluster");
  await expect(c.start()).rejects.toThrow("the member has been permanently removed from the cluster");
  expect((await members.list(a, b, d)).match(/started/g)).toHaveLength(3);
});

testWith("all members can restart in any order, and know each other", three, async (members) => {
  const [a, b, c] = [members.named("a"), members.named("b"), members.named("c")];
  const before = await members.list(a, b, c);
  await Promise.all([a.kill(), b.kill(), c.kill("SIGTERM")]);
  const starts = [c.start(), a.start()];
  await Promise.all(starts);
  await b.start();
  expect(await members.list(c, a, b)).toBe(before);
});

testWith("a member with inconsistent settings may not join", ["ours"], async (members) => {
  const a = members.named("a");
  const b = await members.plan("b", "ours");
  const refused = async (flags: readonly string[], says: string): Promise<void> => {
    await expect(b.start(...flags)).rejects.toThrow(says);
  };
  await refused(members.joining(), "error validating peerURLs: member count is unequal (1 and 2)");
  await refused(
    ["--initial-cluster-state", "existing", "--initial-cluster", `b=${b.peerUrl}`],
    "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs",
  );
  await a.accepted("member", "add", "b", "--peer-urls", b.peerUrl);
  const wrong = `a=${a.peerUrl},b=http://127.0.0.1:1`;
  await refused(
    ["--initial-cluster-state", "existing", "--initial-cluster", wrong],
    "error validating peerURLs: PeerURLs: no match found for existing member",
  );
  await b.start(...members.joining());
  expect((await members.list(a, b)).match(/started/g)).toHaveLength(2);

  const id = await members.idOf(a, b);
  await b.forget();
  await refused(members.joining(), `member ${id} has already been bootstrapped`);
});

testWith("a member whose cluster is lost can be forced to continue alone", three, async (members) => {
  const [a, b, c] = [members.named("a"), members.named("b"), members.named("c")];
  await a.done("put", "k", "v");
  await until(async () => (await b.done("get", "k", "--consistency=s")) === "k\nv\n");
  const id = await members.idOf(b, b);
  await Promise.all([a.kill(), b.kill(), c.kill()]);
  await b.start("--force-new-cluster");
  expect(await b.done("member", "list")).toBe(`${id}, started, b, ${b.peerUrl}, http://${b.endpoint}, false\n`);
  expect(await b.done("get", "k")).toBe("k\nv\n");
  await b.done("put", "k", "w");
  await b.kill();
  await b.start();
  expect(await b.done("get", "k")).toBe("k\nw\n");

  await c.forget();
  await b.accepted("member", "add", "c", "--peer-urls", c.peerUrl);
  await c.start(...members.joining(a));
  expect((await members.list(b, c)).match(/started/g)).toHaveLength(2);
  expect(await c.done("get", "k")).toBe("k\nw\n");
});

for (const { name, kinds, version, comes } of [
  { name: "one etcd 3.5 and two of ours", kinds: ["etcd 3.5", "ours", "ours"], version: "3.5.0", comes: "etcd 3.5" },
  { name: "two etcd 3.5 and one of ours", kinds: ["etcd 3.5", "etcd 3.5", "ours"], version: "3.5.0", comes: "ours" },
  { name: "two etcd 3.4 and one of ours", kinds: ["etcd 3.4", "etcd 3.4", "ours"], version: "3.4.0", comes: "ours" },
  { name: "one etcd 3.4 and two of ours", kinds: ["etcd 3.4", "ours", "ours"], version: "3.4.0", comes: "etcd 3.4" },
] as const) {
  testWith(`${name} agree on the members while some are added and removed`, kinds, async (members) => {
    const [a, b, c] = [members.named("a"), members.named("b"), members.named("c")];
    expect((await members.list(a, b, c)).match(/started/g)).toHaveLength(3);
    for (const member of [a, b, c]) {
      await until(async () => (await clusterVersion(member)) === version);
    }
    const d = await members.plan("d", comes);
    await c.accepted("member", "add", "d", "--learner", "--peer-urls", d.peerUrl);
    const id = await members.idOf(b, d);
    // Two of the members ask the leader, which may be of either kind.
    for (const member of [a, b, c]) {
      expect((await member.ctl("member", "promote", id)).stderr).toContain("in sync with leader");
    }
    await d.start(...members.joining());
    await until(async () => (await b.ctl("member", "promote", id)).code === 0);
    for (const member of [a, b, c, d]) {
      expect((await member.ctl("member", "promote", id)).stderr).toContain("can only promote a learner member");
    }
    const moved = d.peerUrl.replace("127.0.0.1", "localhost");
    await c.done("member", "update", id, "--peer-urls", moved);
    expect(await members.list(a, b, c, d)).toContain(`${id}, started, d, ${moved}, http://${d.endpoint}, false`);
    await c.accepted("member", "remove", await members.idOf(b, b));
    await b.process.ended();
    expect((await members.list(a, c, d)).match(/started/g)).toHaveLength(3);
    await d.done("put", "k", "v");
    expect(await c.done("get", "k")).toBe("k\nv\n");
  });
}

async function clusterVersion({ endpoint }: Member): Promise<string> {
  const answer = await fetch(`http://${endpoint}/version`);
  return String(JSON.parse(await answer.text()).etcdcluster);
}
