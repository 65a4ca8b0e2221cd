import { seededRandom } from "../../src/base/index.js";
import type { Call, EtcdServer } from "../../src/server/index.js";
import { RangeRequest } from "../../src/wire/index.js";
import { Audit, demand } from "./audit.js";
import { Client, standingOf } from "./client.js";
import { Faults } from "./faults.js";
import { showFact } from "./history.js";
import type { Machine } from "./machine.js";
import { nodeOf } from "./nodes.js";
import { Operator } from "./operator.js";
import { WatchingClient } from "./watcher.js";
import { World } from "./world.js";

/** The outcome of a run. */
export interface Outcome {
  /** The hash of all messages, steps and answers of the run. */
  readonly trace: string;
  readonly writes: number;
  readonly reads: number;
  readonly unknown: number;
  readonly revision: number;
  readonly terms: number;
  readonly membershipChanges: number;
  /** Members whose last start read a checkpoint of the index. */
  readonly checkpointsRead: number;
  /** Bytes of entries that members have read back from their logs on disk; 0 where consensus is an actor. */
  readonly readBackBytes: number;
  /** Databases that arrived as tables, and times that the sending of one was resumed. */
  readonly tablesSent: number;
  readonly resumed: number;
  readonly virtualMs: number;
}

/** How a seed is run. */
export interface Mode {
  /** Consensus, keys and the front end of a member are separate actors, with messages between them. */
  readonly actors?: boolean;
  /** The members are of several releases, doubles of etcd 3.7 and 3.8 among them. */
  readonly mixed?: boolean;
  /** Whether to print all steps and the members' log lines. */
  readonly print?: boolean;
}

const faultyMs = 12_000;

/**
 * Runs one seed: a cluster is founded, clients use it during faults, all faults are repaired, and the answers to all
 * clients are compared with the real history.
 *
 * @throws Error with the latest steps if a check fails
 */
export async function simulate(
  seed: number,
  { actors = false, mixed = false, print = false }: Mode = {},
): Promise<Outcome> {
  const random = seededRandom(seed);
  const world = new World({
    seed: random.int(2 ** 32),
    members: random.int(3) === 0 ? 5 : 3,
    settings: {
      snapshotCount: [12, 40, 150][random.int(3)] ?? 40,
      snapshotCatchUpEntries: [2, 8, 30][random.int(3)] ?? 8,
      // Some members have only a few entries in memory, and read the others back from the disk.
      raftLogMemoryBytes: [1, 2_000, 2 ** 24][random.int(3)] ?? 1,
      preVote: random.int(4) > 0,
      // The strict check refuses changes until all members were connected for seconds, which is rare under faults.
      strictReconfigCheck: false,
      backendBatchIntervalMs: [20, 100, 2_000][random.int(3)] ?? 100,
      checkpoints: { lookMs: [50, 400, 3_000][random.int(3)] ?? 400, tailBytesMin: 500, share: 1 },
    },
    tables: (["all", "all", "all but one", "none"] as const)[random.int(4)] ?? "all",
    actors,
    mixed,
    print,
  });
  try {
    return await run(world, random.int(2) === 0 ? 3 : 6, random.int(2) === 0);
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const cause = error instanceof Error && error.cause instanceof Error ? `\nbecause of ${error.cause.stack}` : "";
    throw new Error(`${reason}${cause}\nbefore it:\n${world.trace.tail()}`);
  } finally {
    for (const machine of world.machines) machine.kill();
  }
}

async function run(world: World, clientCount: number, membershipChanges: boolean): Promise<Outcome> {
  const audit = new Audit(world.history);
  for (const machine of world.machines) machine.start();
  await world.until("the cluster has a version", () => {
    return world.machines.every(({ server }) => server?.clusterVersion() !== undefined);
  });
  const clients = Array.from({ length: clientCount }, (_, at) => new Client(world, audit, `c${at}`));
  const operator = new Operator(world);
  const users = membershipChanges ? [operator, ...clients] : clients;
  let busy = users.length;
  for (const user of users) user.run().then(() => busy--, world.fail);
  const watchers = Array.from({ length: 4 }, () => new WatchingClient(world));
  const faults = new Faults(world);
  for (const part of [...watchers, faults]) part.start();
  await world.pass(faultyMs);

  faults.end();
  for (const user of users) user.stop();
  await world.until("nobody waits for an answer", () => busy === 0);
  await world.until("all members run", () => world.machines.every(({ server }) => server !== undefined));
  await world.until("all members agree", () => agree(world));
  await leasesEnd(world);
  for (const watcher of watchers) watcher.rest();
  await world.pass(1_000);
  await compare(world);
  audit.check();
  for (const watcher of watchers) watcher.check(world.history);

  const readBack = world.machines.map(({ server }) => server?.metrics.counters.log.readBackBytes ?? 0);

  // All machines crash at once.
  for (const machine of world.machines) machine.kill();
  for (const machine of world.machines) machine.start();
  await world.until("the members run again", () => world.machines.every(({ server }) => server !== undefined));
  const checkpointsRead = world.machines.filter(({ server }) => {
    return (server?.metrics.counters.store.checkpointRevision ?? 0) > 0;
  }).length;
  await world.until("the members are back", () => agree(world));
  await compare(world);
  const { writes, reads, unknown } = audit;
  const terms = Math.max(...world.machines.map(({ server }) => server?.headers.at().raftTerm ?? 0));
  const revision = world.history.latest;
  return {
    ...{ trace: world.trace.hash, writes, reads, unknown, revision, terms },
    ...{
      membershipChanges: operator.changes,
      checkpointsRead,
      readBackBytes: sum(readBack),
      tablesSent: world.network.tablesSent,
      resumed: world.network.resumed,
      virtualMs: world.clock.now(),
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Whether all members have applied the whole log. The leader must have committed an entry of its own term. */
function agree({ machines, leader }: World): boolean {
  const states = machines.map(({ server, process }) => {
    if (server === undefined) return "behind";
    const { proposalsCommitted: committed, proposalsApplied: applied } = server.metrics;
    const term = process && nodeOf(process.random)?.basicStatus().term;
    return term === server.headers.at().raftTerm && committed === applied
      ? `${server.leadership.lead} ${term} ${committed}`
      : "behind";
  });
  return leader !== undefined && new Set(states).size === 1 && states[0] !== "behind";
}

/** Waits until all leases have expired, since no client renews them now. */
async function leasesEnd(world: World): Promise<void> {
  const end = world.clock.now() + 20_000;
  for (let left = 1; left > 0; ) {
    await world.pass(500);
    left = 0;
    for (const machine of world.machines) {
      left += (await answer(world, machine, async (server) => await server.leases.list(patient()))).leases.length;
    }
    demand(world.clock.now() < end, `${left} leases do not run out`);
  }
  await world.until("all members agree", () => agree(world));
}

function patient(): Call {
  return { cancelled: false, signal: new AbortController().signal, metadata: () => undefined };
}

/** Checks that all members have exactly the data of the history, and the same history hash. */
async function compare(world: World): Promise<void> {
  const wanted = world.history.state().map((standing) => `${showFact(standing)}@${standing.modRevision}`);
  const hashes = new Set<string>();
  for (const machine of world.machines) {
    const { kvs, header } = await answer(world, machine, async (server) => {
      return await server.kv.range(RangeRequest.create({ key: "\0", rangeEnd: "\0", serializable: true }), patient());
    });
    const found = kvs.map(standingOf).map((standing) => `${showFact(standing)}@${standing.modRevision}`);
    demand(header?.revision === world.history.latest, `${machine.name} stands at ${header?.revision}`);
    demand(
      found.join("\n") === wanted.join("\n"),
      `${machine.name} has\n${found.join("\n")}\nnot\n${wanted.join("\n")}`,
    );
    const { hash, compactRevision } = await answer(
      world,
      machine,
      async (server) => await server.maintenance.hashKv(0, patient()),
    );
    hashes.add(`${hash} from ${compactRevision} on`);
  }
  demand(hashes.size === 1, `the members' histories differ: ${[...hashes].join(", ")}`);
}

/** The answer of a member to a request that needs no other member. */
async function answer<Answer>(
  world: World,
  { name, server }: Machine,
  ask: (server: EtcdServer) => Promise<Answer>,
): Promise<Answer> {
  if (server === undefined) throw new Error(`${name} is down`);
  const asked = ask(server);
  let answered = false;
  asked.then(() => {
    answered = true;
  }, world.fail);
  await world.until(`${name} answers`, () => answered);
  return await asked;
}
