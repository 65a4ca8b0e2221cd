import { afterEach, expect, test } from "vitest";
import { haveReference } from "../support/reference.js";
import { until } from "../support/until.js";
import { Members } from "./members.js";

const able = haveReference(["etcdctl", "3.5"], ["etcd", "3.5"]);

let members: Members | undefined;
afterEach(async () => {
  await members?.stop();
  members = undefined;
});

test.runIf(able)("members connect to each other through socket files, and learners can join so", async () => {
  members = await Members.startAtSockets("ours", "ours", "etcd 3.5");
  const [a, b, c] = [members.named("a"), members.named("b"), members.named("c")];
  for (const [name, kind] of [
    ["d", "ours"],
    ["e", "etcd 3.5"],
  ] as const) {
    const joiner = await members.plan(name, kind);
    expect(joiner.peerUrl).toMatch(/^unix:\/\/localhost:\d+$/);
    await a.accepted("member", "add", name, "--learner", "--peer-urls", joiner.peerUrl);
    await joiner.start(...members.joining());
    const id = await members.idOf(a, joiner);
    await until(async () => (await b.ctl("member", "promote", id)).code === 0);
    await joiner.done("put", `from ${name}`, kind);
    const expected = `${id}, started, ${name}, ${joiner.peerUrl}, http://${joiner.endpoint}, false`;
    expect(await members.list(...members.all)).toContain(expected);
  }
  // Each read needs consensus, so each member must have contact to a quorum.
  for (const member of members.all) expect(await member.done("get", "from e")).toBe("from e\netcd 3.5\n");
  await c.kill();
  // The member may have been the leader. A write that is forwarded to a leader that dies is lost.
  await until(async () => (await a.ctl("put", "without c", "v")).code === 0);
  await c.start();
  expect(await c.done("get", "without c")).toBe("without c\nv\n");
});
