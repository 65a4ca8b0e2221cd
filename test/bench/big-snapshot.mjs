// Measures how a member with a large store catches up after an absence: the time, and the anonymous memory of the
// leader and of the receiver, sampled during small writes.
//   node test/bench/big-snapshot.mjs [MIB] [VALUE_BYTES]     after a build
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { call, threeMembers } from "./servers.mjs";

const mib = Number(process.argv[2] ?? 1024);
const valueBytes = Number(process.argv[3] ?? 16 * 1024);
const keys = Math.ceil((mib * 2 ** 20) / valueBytes);
const perTxn = Math.max(1, Math.min(100, Math.floor(2 ** 20 / valueBytes)));
const folder = mkdtempSync(join(tmpdir(), "etcd-big-snapshot-"));
const none = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
const received = "received and saved database snapshot";
const members = [];

try {
  await startCluster();
  const leader = await leaderOf(members);
  const [away, other] = members.filter((member) => member !== leader);
  away.child.kill("SIGKILL");
  await fill(leader);
  console.log(`${keys} keys of ${valueBytes} bytes; the store takes ${size(await status(leader))} MiB`);
  await pause(5_000);
  await transfer(leader, away);
  const hashes = await Promise.all([leader, away, other].map((member) => hashOf(member)));
  if (new Set(hashes).size !== 1) throw new Error(`the members differ: ${hashes}`);
} finally {
  for (const { child } of members) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

async function transfer(leader, away) {
  const before = anonymousMiB(leader);
  let writing = true;
  let writes = 0;
  const writer = (async () => {
    for (; writing; writes++) {
      await call(leader.client, "KV", "Put", { key: `small/${writes % 10}`, value: Buffer.from("v") });
      await pause(5);
    }
  })();
  run(away);
  const begin = performance.now();
  const peaks = { leader: before, receiver: 0 };
  let atStart = 0;
  let storedAt = 0;
  for (let caughtUp = false; !caughtUp; await pause(20)) {
    peaks.leader = Math.max(peaks.leader, anonymousMiB(leader));
    peaks.receiver = Math.max(peaks.receiver, anonymousMiB(away));
    if (atStart === 0 && away.log.includes("stream to peer is up")) atStart = anonymousMiB(away);
    if (storedAt === 0 && away.log.includes(received)) storedAt = performance.now();
    caughtUp = storedAt > 0 && away.log.includes("ready to serve client requests");
  }
  const took = performance.now() - begin;
  await call(away.client, "KV", "Range", { key: "small/0" });
  writing = false;
  await writer;
  console.log(
    `received after ${seconds(storedAt - begin)} s, serving after ${seconds(took)} s, with ${writes} writes meanwhile`,
  );
  console.log(
    `leader: ${mibText(before)} before, ${mibText(peaks.leader)} at most: ${mibText(peaks.leader - before)} more`,
  );
  console.log(
    `receiver: ${mibText(atStart)} at first, ${mibText(peaks.receiver)} at most: ${mibText(peaks.receiver - atStart)} more`,
  );
}

/** The anonymous memory of a process in MiB: memory that is not backed by a file. */
function anonymousMiB({ child }) {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

async function startCluster() {
  members.push(...(await threeMembers(folder)));
  for (const member of members) {
    member.flags.push(
      ...["--quota-backend-bytes", String(16 * 2 ** 30)],
      // The log is kept short, so that the member needs a snapshot.
      ...["--snapshot-count", "100", "--experimental-snapshot-catchup-entries", "10"],
    );
    run(member);
  }
}

function run(member) {
  member.log = "";
  member.child = spawn(process.execPath, ["bin/etcd", ...member.flags], { stdio: ["ignore", "ignore", "pipe"] });
  member.child.stderr.on("data", (chunk) => {
    member.log += chunk;
  });
}

async function leaderOf() {
  for (let tries = 0; tries < 600; tries++) {
    const answers = await Promise.all(members.map((member) => status(member).catch(() => undefined)));
    const at = answers.findIndex((answer) => answer !== undefined && answer.leader === answer.header.memberId);
    if (at >= 0 && answers.every((answer) => answer?.leader === answers[at].leader)) return members[at];
    await pause(50);
  }
  throw new Error("the members do not agree on a leader");
}

async function fill({ client }) {
  const value = Buffer.alloc(valueBytes, "v");
  let next = 0;
  const worker = async () => {
    while (next < keys) {
      const first = next;
      next += perTxn;
      const success = Array.from({ length: Math.min(perTxn, keys - first) }, (_, at) => {
        value.writeUInt32BE(first + at);
        return {
          request: { case: "requestPut", value: { key: `key/${first + at}`, value: Buffer.from(value), ...none } },
        };
      });
      await call(client, "KV", "Txn", { success });
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

function status({ client }) {
  return call(client, "Maintenance", "Status", {});
}

/** The hash of the history up to a revision that all members have. */
async function hashOf({ client }) {
  const { header } = await call(members[0].client, "KV", "Range", { key: "small/0" });
  await call(client, "KV", "Range", { key: "small/0" });
  return (await call(client, "Maintenance", "HashKV", { revision: header.revision })).hash;
}

function size({ dbSize }) {
  return Math.round(Number(dbSize) / 2 ** 20);
}

function mibText(value) {
  return `${Math.round(value)} MiB`;
}

function seconds(ms) {
  return (ms / 1000).toFixed(1);
}
