// Measures how long no write succeeds after `kill -9` of the leader, with default settings, for one or more servers:
//   node test/bench/failover.mjs [TRIALS] [NAME=COMMAND ...]     after a build
// For example `node test/bench/failover.mjs 100 etcd=etcd etcd-ts='node bin/etcd'`. Each trial kills the leader of each
// server's three members in turn, and writes at the other two until a write succeeds.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { call, threeMembers } from "./servers.mjs";

const trials = Number(process.argv[2] ?? 100);
const named = process.argv
  .slice(3)
  .map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]);
const servers = named.length > 0 ? named : [["etcd-ts", "node bin/etcd"]];
const folder = mkdtempSync(join(tmpdir(), "etcd-failover-"));
/** The timeout of a write in ms. It is short, so that a write that was lost with the leader is retried soon. */
const writeDeadlineMs = 200;
const channel = { "grpc.initial_reconnect_backoff_ms": 50, "grpc.max_reconnect_backoff_ms": 100 };

const clusters = [];
try {
  for (const [name, command] of servers) clusters.push(await startCluster(name, command));
  for (let trial = 0; trial < trials; trial++) {
    for (const cluster of clusters) cluster.times.push(await failOver(cluster));
  }
  for (const { name, times } of clusters) console.log(summary(name, times));
} finally {
  for (const { members } of clusters) for (const { child } of members) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

/** Kills the leader and restarts it. @returns the ms from its death to the first successful write */
async function failOver(cluster) {
  const leader = await agreedLeader(cluster.members);
  const rest = cluster.members.filter((member) => member !== leader);
  leader.child.kill("SIGKILL");
  const begin = performance.now();
  let done = false;
  await Promise.any(
    rest.map(async ({ client }) => {
      while (!done) {
        if (await put(client)) done = true;
        else await pause(5);
      }
    }),
  );
  const took = performance.now() - begin;
  run(leader);
  await agreedLeader(cluster.members);
  await pause(500); // The streams between members need some time.
  return took;
}

async function put(client) {
  const request = { key: "failover", value: Buffer.from("v") };
  const answer = await call(client, "KV", "Put", request, writeDeadlineMs).catch(() => undefined);
  return answer !== undefined;
}

/** Resolves with the leader when all members report the same one. */
async function agreedLeader(members) {
  for (let tries = 0; tries < 600; tries++) {
    const answers = await Promise.all(
      members.map(({ client }) => call(client, "Maintenance", "Status", {}, 1_000).catch(() => undefined)),
    );
    const [first] = answers;
    if (first !== undefined && first.leader !== 0n && answers.every((one) => one?.leader === first.leader)) {
      const at = answers.findIndex(({ header }) => header.memberId === first.leader);
      if (at >= 0) return members[at];
    }
    await pause(50);
  }
  throw new Error("the members do not agree on a leader");
}

async function startCluster(name, command) {
  const members = await threeMembers(join(folder, name), channel);
  for (const member of members) {
    member.command = [...command.split(" "), ...member.flags];
    run(member);
  }
  await agreedLeader(members);
  return { name, members, times: [] };
}

function run(member) {
  const [program, ...args] = member.command;
  member.child = spawn(program, args, { stdio: "ignore" });
}

function summary(name, times) {
  const sorted = [...times].sort((left, right) => left - right);
  const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]);
  const inTime = times.filter((time) => time < 2_000).length;
  const spread = `median ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms`;
  return `${name}: ${inTime} of ${times.length} below 2000 ms; ${spread}`;
}
