import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { prefixRange } from "../../base/index.js";
import { type Bytes, bytesOf, Exit, ExitCode, Failure, Progress, printLine, quote, textOf } from "../../cli/index.js";
import { type Client, ClientError } from "../../client/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { stopSignal } from "../stop-signal.js";

interface Load {
  /** The number of writes per second, or in total. */
  readonly limit: number;
  readonly clients: number;
}

const perfLoads: Readonly<Record<string, Load>> = {
  s: { limit: 150, clients: 50 },
  m: { limit: 1_000, clients: 200 },
  l: { limit: 8_000, clients: 500 },
  xl: { limit: 15_000, clients: 1_000 },
};
const dataLoads: Readonly<Record<string, Load>> = {
  s: { limit: 10_000, clients: 50 },
  m: { limit: 100_000, clients: 200 },
  l: { limit: 1_000_000, clients: 500 },
  xl: { limit: 3_000_000, clients: 1_000 },
};
const spelledOut: Readonly<Record<string, string>> = { small: "s", medium: "m", large: "l", xLarge: "xl" };
const perfSeconds = 60;
const cleanUp = { timeoutMs: 30_000 };
/** The number of concurrent writes on each connection. */
const writersEach = 50;

/** The result of the writes. */
class Report {
  readonly #tookMs: number[] = [];
  readonly errors = new Map<string, number>();
  #startedAt = performance.now();
  #endedAt = this.#startedAt;

  add(tookMs: number): void {
    this.#tookMs.push(tookMs);
    this.#endedAt = performance.now();
  }

  fail(error: string): void {
    this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
  }

  /** Writes per second. */
  get rate(): number {
    return this.#tookMs.length / Math.max(0.001, (this.#endedAt - this.#startedAt) / 1_000);
  }

  get slowestSeconds(): number {
    return this.#tookMs.reduce((most, ms) => Math.max(most, ms), 0) / 1_000;
  }

  get deviationSeconds(): number {
    const count = Math.max(1, this.#tookMs.length);
    const mean = this.#tookMs.reduce((sum, ms) => sum + ms, 0) / count;
    return Math.sqrt(this.#tookMs.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / count) / 1_000;
  }
}

export async function perf(context: Context): Promise<void> {
  const load = loadOf(context, perfLoads);
  const prefix = context.flags.text("prefix");
  const clients = await openClients(context, load.clients);
  const [client] = clients;
  if (client === undefined) return;
  await refuseOldKeys(client, prefix, (command) => `'${command}'`);
  const stop = stopSignal();
  const report = new Report();
  const progress = new Progress("writing", perfSeconds);
  const seconds = setInterval(() => progress.advance(1), 1_000);
  const until = Date.now() + perfSeconds * 1_000;
  const startedAt = Date.now();
  let sent = 0;
  const next = async (): Promise<boolean> => {
    const dueAt = startedAt + (sent++ / load.limit) * 1_000;
    if (dueAt > Date.now()) await pause(dueAt - Date.now());
    return Date.now() < until && !stop.aborted;
  };
  await write(clients, load.clients, next, report, () => ({
    key: prefix + randomKey(256),
    value: Buffer.alloc(1_024),
  }));
  clearInterval(seconds);
  progress.hide();
  await removeKeys(context, client, prefix);
  if (!judged(report, load)) throw new Exit(ExitCode.Error);
}

/** Prints whether each measurement passed. @returns whether all of them did */
function judged(report: Report, load: Load): boolean {
  const verdicts = [errorsJudged(report)];
  const rate = Math.floor(report.rate) + 1;
  const fast = report.rate / load.limit > 0.9;
  printLine(fast ? `PASS: Throughput is ${rate} writes/s` : `FAIL: Throughput too low: ${rate} writes/s`);
  const [slowest, deviation] = [report.slowestSeconds, report.deviationSeconds];
  const prompt = slowest <= 0.5;
  printLine(`${prompt ? "PASS: Slowest request took" : "Slowest request took too long:"} ${slowest.toFixed(6)}s`);
  const steady = deviation <= 0.1;
  printLine(`${steady ? "PASS: Stddev is" : "Stddev too high:"} ${deviation.toFixed(6)}s`);
  const passed = [...verdicts, fast, prompt, steady].every((verdict) => verdict);
  printLine(passed ? "PASS" : "FAIL");
  return passed;
}

function errorsJudged({ errors }: Report): boolean {
  if (errors.size === 0) return true;
  printLine("FAIL: too many errors");
  for (const [error, count] of errors) printLine(`FAIL: ERROR(${bytesOf(error)}) -> ${count}`);
  return false;
}

export async function datascale(context: Context): Promise<void> {
  const load = loadOf(context, dataLoads);
  const prefix = context.flags.text("prefix");
  const clients = await openClients(context, load.clients);
  const [client] = clients;
  if (client === undefined) return;
  await refuseOldKeys(client, prefix, (command) => command);
  const [endpoint = ""] = await context.endpoints();
  const before = await residentBytes(endpoint, "before");
  const size = `${load.limit} key-value pairs, 1024 bytes per key-value, ${load.clients} concurrent clients`;
  printLine(`Start data scale check for work load [${size}].`);
  const progress = new Progress("writing", load.limit);
  const report = new Report();
  let left = load.limit;
  const next = async (): Promise<boolean> => left-- > 0;
  await write(clients, load.clients, next, report, () => {
    progress.advance(1);
    return { key: prefix + randomKey(512), value: Buffer.alloc(512) };
  });
  progress.hide();
  const used = (await residentBytes(endpoint, "after")) - before;
  await removeKeys(context, client, prefix);
  if (!errorsJudged(report)) throw new Exit(ExitCode.Error);
  printLine(`PASS: Approximate system memory used : ${(used / 1_048_576).toFixed(2)} MB.`);
}

function loadOf({ flags }: Context, loads: Readonly<Record<string, Load>>): Load {
  const name = flags.text("load");
  const load = loads[spelledOut[name] ?? name];
  if (load === undefined) throw new Failure(ExitCode.BadFeature, `unknown load option ${name}`);
  return load;
}

/** Opens the connections. One connection carries many calls, so several writers share it. */
function openClients(context: Context, writers: number): Promise<readonly Client[]> {
  const count = Math.ceil(writers / writersEach);
  return Promise.all(Array.from({ length: count }, () => context.connect()));
}

async function refuseOldKeys(client: Client, prefix: Bytes, shown: (command: string) => string): Promise<void> {
  const { kvs } = await orFail(client.range({ ...prefixRange(prefix), limit: 1 }));
  if (kvs.length === 0) return;
  const command = shown(`etcdctl del --prefix ${prefix}`);
  throw new Failure(ExitCode.InvalidInput, `prefix ${quote(prefix)} has keys. Delete with ${command} first`);
}

/** Runs the writers until `next` returns no more requests. */
async function write(
  clients: readonly Client[],
  writers: number,
  next: () => Promise<boolean>,
  report: Report,
  pair: () => { key: Bytes; value: Uint8Array },
): Promise<void> {
  const work = async (client: Client): Promise<void> => {
    while (await next()) {
      const startedAt = performance.now();
      try {
        await client.put(pair());
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        report.fail(error.message);
      }
      report.add(performance.now() - startedAt);
    }
  };
  const shares = Array.from({ length: writers }, (_, at) => clients[at % clients.length]);
  await Promise.all(shares.map((client) => client && work(client)));
}

async function removeKeys(context: Context, client: Client, prefix: Bytes): Promise<void> {
  try {
    const { header } = await client.deleteRange(prefixRange(prefix), cleanUp);
    if (context.flags.bool("auto-compact")) {
      const revision = header?.revision ?? 0;
      printLine(`Compacting with revision ${revision}`);
      await orFail(client.compact({ revision, physical: true }, cleanUp));
      printLine(`Compacted with revision ${revision}`);
    }
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    printLine(`FAIL: Cleanup failed during key deletion: ERROR(${bytesOf(error.message)})`);
    return;
  }
  if (!context.flags.bool("auto-defrag")) return;
  for (const endpoint of client.endpoints) {
    printLine(`Defragmenting ${quote(bytesOf(endpoint))}`);
    await orFail((await context.connect([bytesOf(endpoint)])).defragment(cleanUp));
    printLine(`Defragmented ${quote(bytesOf(endpoint))}`);
  }
}

async function residentBytes(endpoint: Bytes, when: string): Promise<number> {
  const url = /^https?:/.test(endpoint) ? textOf(endpoint) : `http://${textOf(endpoint)}`;
  try {
    const text = await (await fetch(`${url}/metrics`)).text();
    const value = /^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1];
    if (value !== undefined) return Number(value);
    printLine("could not find: process_resident_memory_bytes");
  } catch (error) {
    printLine(bytesOf(`fetch error: ${String(error)}`));
  }
  printLine(`FAIL: Could not read process_resident_memory_bytes ${when} the put operations.`);
  throw new Exit(ExitCode.Error);
}

function randomKey(bytes: number): Bytes {
  return randomBytes(8).toString("latin1") + "\0".repeat(bytes - 8);
}
