// Ports, the members of a cluster, calls, and measures of a process, for the benchmarks.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { services } from "../../dist/wire/index.js";

/**
 * The ports of members, which are below those that the kernel uses for outgoing connections: such a connection keeps its
 * port for another minute after its end, and a member that starts, or starts again, could not listen there.
 */
const [firstPort, portCount] = [30_000, 2_700];
let nextPort = Math.floor(Math.random() * portCount);

/** A loopback port on which nothing listens. */
export async function freePort() {
  for (let tries = 0; tries < portCount; tries++) {
    const port = firstPort + (nextPort++ % portCount);
    const free = await new Promise((resolve) => {
      const probe = createServer().once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error(`no free port in ${portCount} from ${firstPort}`);
}

/** Three members that are not started yet: their names, the flags that found a cluster of them, and a client each. */
export async function threeMembers(folder, channel = {}) {
  const members = [];
  for (const name of ["m1", "m2", "m3"]) {
    const [clientPort, peerPort] = [await freePort(), await freePort()];
    const client = new Client(`127.0.0.1:${clientPort}`, credentials.createInsecure(), channel);
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
    members.push({ name, clientUrl, peerUrl, client });
  }
  const initialCluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
  return members.map((member) => ({
    ...member,
    flags: [
      ...["--name", member.name, "--data-dir", join(folder, member.name), "--initial-cluster", initialCluster],
      ...["--listen-client-urls", member.clientUrl, "--advertise-client-urls", member.clientUrl],
      ...["--listen-peer-urls", member.peerUrl, "--initial-advertise-peer-urls", member.peerUrl],
    ],
  }));
}

/** Calls a method of a service of etcdserverpb. Without a deadline in ms the call may take any time. */
export function call(client, service, method, request, deadlineMs) {
  const { path, request: encoder, response: decoder } = services[`etcdserverpb.${service}`][method];
  return new Promise((resolve, reject) => {
    const encode = (message) => Buffer.from(encoder.encode(message));
    const answer = (error, response) => (error === null ? resolve(response) : reject(error));
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    client.makeUnaryRequest(path, encode, (bytes) => decoder.decode(bytes), encoder.create(request), options, answer);
  });
}

/** The CPU time of a process so far, with a resolution of 10 ms. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** CPU time of each thread of a process so far, by its id. */
export function threadSeconds(pid) {
  const seconds = new Map();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      const fields = readFileSync(`/proc/${pid}/task/${id}/stat`, "utf8").split(") ")[1].split(" ");
      seconds.set(id, (Number(fields[11]) + Number(fields[12])) / 100);
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error; // the thread has ended meanwhile
    }
  }
  return seconds;
}

/** The memory of a process that is in RAM. */
export function residentMiB(pid) {
  return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / 2 ** 20;
}
