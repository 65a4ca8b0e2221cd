import { describe, expect, test } from "vitest";
import { haveReference } from "../support/reference.js";
import type { ServerKind } from "../support/server-process.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

const able = haveReference(["etcdctl", "3.5"], ["etcd", "3.5"]);

/** The state of a member after it was forced to continue alone. */
interface Forced {
  /** The remaining members, as `name voter` or `name learner`. */
  readonly left: readonly string[];
  readonly sameId: boolean;
  readonly keys: string;
  readonly afterPut: string;
  readonly afterRestart: string;
  readonly leftAfterRestart: readonly string[];
}

/** Starts a cluster with some keys, stops it, and forces the named members, one after the other. */
async function force(kind: ServerKind, voters: number, learners: number, names: readonly string[]) {
  const members = await Members.start(...Array<ServerKind>(voters).fill(kind));
  try {
    const [a] = members.all as [Member];
    for (let at = 0; at < learners; at++) await addLearner(members, a);
    for (const [key, value] of ["k/1 one", "k/2 two", "k/1 three"].map((row) => row.split(" "))) {
      await a.done("put", key ?? "", value ?? "");
    }
    await a.done("del", "k/2");
    // The second write brings the commit index of the first one to the disks of all members.
    for (const value of ["1", "2"]) await a.done("put", "last", value);
    for (const member of members.all) {
      await until(async () => (await member.done("get", "last", "--consistency=s")) === "last\n2\n");
    }
    const ids = new Map<string, string>();
    for (const member of members.all) ids.set(member.name, await members.idOf(a, member));
    await Promise.all(members.all.map((member) => member.kill()));
    const outcomes: Record<string, Forced | string> = {};
    for (const name of names) outcomes[name] = await forced(members.named(name), ids.get(name) ?? "");
    return outcomes;
  } finally {
    await members.stop();
  }
}

async function addLearner(members: Members, asked: Member): Promise<void> {
  const learner = await members.plan(`learner${members.all.length}`, asked.kind);
  await asked.accepted("member", "add", learner.name, "--learner", "--peer-urls", learner.peerUrl);
  await learner.start(...members.joining());
}

/** The state of a forced member, or the panic with which it ends. */
async function forced(member: Member, id: string): Promise<Forced | string> {
  try {
    await member.start("--force-new-cluster");
  } catch (error) {
    return /panic: (.*)/.exec(String(error))?.[1] ?? String(error);
  }
  const list = async (): Promise<string[]> => (await member.done("member", "list")).trim().split("\n");
  const left = await list();
  const keys = await member.done("get", "k/", "--prefix", "-w", "fields");
  await member.done("put", "k/3", "four");
  const afterPut = await pairs(member);
  await member.kill();
  await member.start();
  const outcome = {
    left: left.map(roleOf),
    sameId: left.every((line) => line.startsWith(`${id}, started, `)),
    keys: withoutHeader(keys),
    afterPut,
    afterRestart: await pairs(member),
    leftAfterRestart: (await list()).map(roleOf),
  };
  await member.kill();
  return outcome;
}

function pairs(member: Member): Promise<string> {
  return member.done("get", "k/", "--prefix");
}

function roleOf(line: string): string {
  const [, , name, , , isLearner] = line.split(", ");
  return `${name} ${isLearner === "true" ? "learner" : "voter"}`;
}

/** Removes ids and terms, which differ between clusters. */
function withoutHeader(fields: string): string {
  return fields
    .split("\n")
    .filter((line) => !/^"(ClusterID|MemberID|RaftTerm|Revision)"/.test(line))
    .join("\n");
}

const survivor = (name: string): Partial<Forced> => ({
  ...{ left: [`${name} voter`], sameId: true, leftAfterRestart: [`${name} voter`] },
  ...{ afterPut: "k/1\nthree\nk/3\nfour\n", afterRestart: "k/1\nthree\nk/3\nfour\n" },
});

describe.runIf(able)("a member can be forced to continue alone, as in etcd", () => {
  for (const { voters, learners, names } of [
    { voters: 1, learners: 0, names: ["a"] },
    { voters: 2, learners: 0, names: ["b"] },
    { voters: 3, learners: 0, names: ["a"] },
    { voters: 1, learners: 1, names: ["a", "learner1"] },
    { voters: 3, learners: 1, names: ["b", "learner3"] },
  ]) {
    test.concurrent(`of ${voters} voters and ${learners} learners`, async () => {
      const [ours, real] = await Promise.all([
        force("ours", voters, learners, names),
        force("etcd 3.5", voters, learners, names),
      ]);
      for (const name of names) {
        expect(ours[name], name).toMatchObject(survivor(name));
        // etcd cannot force a learner.
        if (name.startsWith("learner")) expect(real[name]).toBe("removed all voters");
        else expect(ours[name], name).toEqual(real[name]);
      }
    });
  }
});
