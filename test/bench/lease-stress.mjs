// Runs clients of three members that grant, renew and revoke leases as fast as possible. No renewal may fail:
//   node test/bench/lease-stress.mjs [SECONDS] [CLIENTS] [COMMAND]     after a build
// For example `node test/bench/lease-stress.mjs 10 300 etcd`. Each client uses one member, so most of them grant at a
// follower and renew there at once, for which the follower asks the leader. The exit code is 1 after a TTL of 0.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { services } from "../../dist/wire/index.js";
import { call, threeMembers } from "./servers.mjs";

const [seconds = "10", clients = "300", command = "node bin/etcd"] = process.argv.slice(2);
const deadlineMs = 10_000;
const folder = mkdtempSync(join(tmpdir(), "etcd-leases-"));
const counts = { granted: 0, renewed: 0, revoked: 0, lost: 0, failed: 0 };
const reasons = new Map();
const members = [];
try {
  await startCluster();
  const end = performance.now() + Number(seconds) * 1000;
  await Promise.all(Array.from({ length: Number(clients) }, (_, at) => work(members[at % members.length], end)));
} finally {
  for (const { child, client } of members) {
    client.close();
    child.kill("SIGKILL");
  }
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(counts));
for (const [reason, count] of reasons) console.log(`${count} times: ${reason}`);
process.exit(counts.lost > 0 || counts.renewed === 0 ? 1 : 0);

async function work({ client }, end) {
  while (performance.now() < end) {
    try {
      const { id } = await call(client, "Lease", "LeaseGrant", { ttl: 60 }, deadlineMs);
      counts.granted++;
      for (let times = 0; times < 2; times++) {
        const { ttl } = await renew(client, id);
        if (ttl === 0) counts.lost++;
        else counts.renewed++;
      }
      await call(client, "Lease", "LeaseRevoke", { id }, deadlineMs);
      counts.revoked++;
    } catch (error) {
      counts.failed++;
      reasons.set(error.message, (reasons.get(error.message) ?? 0) + 1);
    }
  }
}

/** Renews a lease once on a new stream, as `etcdctl lease keep-alive --once` does. */
function renew(client, id) {
  const { path, request, response } = services["etcdserverpb.Lease"].LeaseKeepAlive;
  return new Promise((resolve, reject) => {
    const encode = (message) => Buffer.from(request.encode(message));
    const options = { deadline: Date.now() + deadlineMs };
    const stream = client.makeBidiStreamRequest(path, encode, (bytes) => response.decode(bytes), options);
    stream.once("data", (answer) => {
      resolve(answer);
      stream.end();
    });
    stream.on("error", reject);
    stream.write(request.create({ id }));
  });
}

async function startCluster() {
  members.push(...(await threeMembers(folder)));
  for (const member of members) {
    const [program, ...args] = command.split(" ");
    member.child = spawn(program, [...args, ...member.flags], { stdio: "ignore" });
  }
  for (const { client } of members) await serving(client);
}

/** Waits until the member has granted a lease. */
async function serving(client) {
  for (let tries = 0; tries < 600; tries++) {
    const granted = await call(client, "Lease", "LeaseGrant", { ttl: 60 }, deadlineMs).catch(() => undefined);
    if (granted !== undefined) return;
    await pause(100);
  }
  throw new Error("a member does not serve");
}
