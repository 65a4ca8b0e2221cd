import { expect, test } from "vitest";
import { AlarmAction, AlarmType } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import type { ServerKind } from "../support/server-process.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

// Stops the other members with SIGSTOP, which is like a broken network: connections stay open without answers.

const able = haveReference(["etcdctl", "3.5"], ["etcd", "3.5"]);
const maintenance = "etcdserverpb.Maintenance";
const paths = [
  "/health",
  "/health?serializable=true",
  "/health?exclude=NOSPACE",
  "/livez",
  "/readyz",
  "/readyz?verbose",
];

async function answers(kind: ServerKind): Promise<Record<string, string>> {
  const members = await Members.start(kind, kind, kind);
  try {
    const [alone, ...others] = members.all as [Member, Member, Member];
    const connected = await health(alone, "connected");
    const cutOff = await whileStopped(others, alone, "cut off");
    await raiseNoSpace(alone);
    const full = await health(alone, "no space");
    return { ...connected, ...cutOff, ...full, ...(await whileStopped(others, alone, "no space, cut off")) };
  } finally {
    await members.stop();
  }
}

async function health({ endpoint }: Member, state: string): Promise<Record<string, string>> {
  const rows = paths.map(async (path) => {
    const answer = await fetch(`http://${endpoint}${path}`);
    // etcd writes its checks in random order.
    const lines = (await answer.text()).trim().split("\n").sort();
    return [`${state}: ${path}`, `${answer.status} ${lines.join("\n")}`] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

async function whileStopped(others: readonly Member[], alone: Member, state: string): Promise<Record<string, string>> {
  for (const { process: other } of others) process.kill(other.pid, "SIGSTOP");
  try {
    await untilLeader(alone, false);
    return await health(alone, state);
  } finally {
    for (const { process: other } of others) process.kill(other.pid, "SIGCONT");
    await untilLeader(alone, true);
  }
}

async function untilLeader({ endpoint }: Member, wanted: boolean): Promise<void> {
  const client = new TestClient(endpoint, 10_000);
  try {
    await until(async () => ((await client.unary(maintenance, "Status")).leader !== 0n) === wanted);
  } finally {
    client.close();
  }
}

/** Raises the space alarm at one member. It is on when all members have applied it. */
async function raiseNoSpace({ endpoint }: Member): Promise<void> {
  const client = new TestClient(endpoint, 10_000);
  try {
    const { header } = await client.unary(maintenance, "Status");
    const alarm = { alarm: AlarmType.NOSPACE, memberId: header?.memberId ?? 0n };
    await client.unary(maintenance, "Alarm", { action: AlarmAction.ACTIVATE, ...alarm });
  } finally {
    client.close();
  }
}

test.runIf(able)("a member without contact to others answers health checks like etcd 3.5", async () => {
  const [ours, real] = await Promise.all([answers("ours"), answers("etcd 3.5")]);
  expect(ours).toEqual(real);
  expect(Object.keys(real)).toHaveLength(4 * paths.length);
});
