// Measures what many of something cost a member, so that a user can choose a machine: after a build,
//   node test/bench/size.mjs --keys 1000000 --value 256       fills, restarts, snapshots and compacts
//   node test/bench/size.mjs --watchers 1000000 --streams 100 idle watchers, each on a key of its own
//   node test/bench/size.mjs --watchers 100000 --streams 100000 --per-connection 100   a stream for each watcher
//   node test/bench/size.mjs --leases 1000000 --keepalives 10000
//   node test/bench/size.mjs --connections 10000
//   node test/bench/size.mjs --returning 10000                watchers that ask for 20,000 revisions at the same moment
//   node test/bench/size.mjs --slow 20 --event 1048576        watch streams that do not read, and values of a key
//   node test/bench/size.mjs --attached 100000                keys of one lease
// Several of these options may be given; each is measured with a member of its own. With `--etcd PATH` the same is done to
// that program first, and its figures are in front. `--server COMMAND` measures another build of this server, and `--flags=FLAGS`
// adds flags to it, such as `--flags=--max-memory=2147483648`.
// With `--folder DIR` the keys stay in a folder: a later call goes on with them, also after one that was ended in the
// middle. `--follower` then adds a learner to the member with these keys, which takes as much of the disk again.
// Bytes are resident memory after a garbage collection, so a busy machine does not change them much. Times and rates are
// those of this machine with the load on the same cores.
import { parseArgs } from "node:util";
import { measureReturning, measureSlow } from "./size-crowds.mjs";
import { measureFollower } from "./size-follower.mjs";
import { measureKeys } from "./size-keys.mjs";
import { BenchedMember, removeMembers } from "./size-member.mjs";
import { measureAttached, measureConnections, measureLeases, measureWatchers } from "./size-steps.mjs";

const { values: options } = parseArgs({
  options: {
    keys: { type: "string", default: "0" },
    value: { type: "string", default: "256" },
    watchers: { type: "string", default: "0" },
    streams: { type: "string", default: "100" },
    "per-connection": { type: "string", default: "100" },
    leases: { type: "string", default: "0" },
    attached: { type: "string", default: "0" },
    keepalives: { type: "string", default: "10000" },
    connections: { type: "string", default: "0" },
    returning: { type: "string", default: "0" },
    slow: { type: "string", default: "0" },
    event: { type: "string", default: "1048576" },
    etcd: { type: "string" },
    folder: { type: "string" },
    follower: { type: "boolean", default: false },
    server: { type: "string", default: "node bin/etcd" },
    flags: { type: "string", default: "" },
  },
});
const number = (name) => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} is no count: ${options[name]}`);
  return value;
};

const keysAndFollower = async (member, server) => {
  const rows = options.follower && options.folder !== undefined ? [] : await measureKeys(member, sizes());
  if (!options.follower) return rows;
  return [...rows, ...(await measureFollower(member, new BenchedMember({ ...server, name: "follower" })))];
};
const sizes = () => ({ keys: number("keys"), valueBytes: number("value") });

const steps = [
  ["keys", keysAndFollower],
  [
    "watchers",
    (member) => {
      const streams = Math.min(number("streams"), number("watchers"));
      return measureWatchers(member, {
        watchers: number("watchers"),
        streams,
        perConnection: number("per-connection"),
      });
    },
  ],
  ["attached", (member) => measureAttached(member, { attached: number("attached") })],
  ["leases", (member) => measureLeases(member, { leases: number("leases"), keepalives: number("keepalives") })],
  ["connections", (member) => measureConnections(member, { connections: number("connections") })],
  ["returning", (member) => measureReturning(member, { returning: number("returning") })],
  ["slow", (member) => measureSlow(member, { slow: number("slow"), eventBytes: number("event") })],
].filter(([name]) => number(name) > 0);
if (steps.length === 0) throw new Error("nothing to measure: the first lines of this file say how");

const servers = [
  ...(options.etcd === undefined ? [] : [{ name: "etcd", command: options.etcd, flags: [] }]),
  { name: "etcd-ts", command: options.server, flags: options.flags.split(" ").filter((flag) => flag !== "") },
];
// A caller with a time limit ends the members, too.
process.once("SIGTERM", async () => {
  await removeMembers();
  process.exit(1);
});
for (const [, measure] of steps) {
  const columns = [];
  for (const server of servers) columns.push(await measured(server, measure));
  print(columns);
}
process.exit(0);

async function measured(server, measure) {
  const member = new BenchedMember(server, options.folder);
  try {
    const { seconds, cpu } = await member.start();
    if (options.folder !== undefined) console.error(`started in ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU`);
    return await measure(member, server);
  } finally {
    await member.remove();
  }
}

/** Prints a table with a row for each figure, which are the same for all servers. */
function print(columns) {
  console.log(`\n| what | ${servers.map(({ name }) => name).join(" | ")} |`);
  console.log(`|---|${servers.map(() => "---:|").join("")}`);
  for (const [at, [what]] of columns[0].entries()) {
    console.log(`| ${what} | ${columns.map((rows) => rows[at][1]).join(" | ")} |`);
  }
}
