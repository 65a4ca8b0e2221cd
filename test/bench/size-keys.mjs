// The step of size.mjs about very many keys, or very many bytes of values. It returns rows of a name and a figure, which
// are the same for every server.
import { randomBytes } from "node:crypto";
import { inParallel, nothingElse, perOne, thousands, timed } from "./size-steps.mjs";

const keysOfTxnMax = 100;
const bytesOfTxnMax = 512 * 1024;
const fillersAtOnce = 20;
/** Puts that are measured at few keys and at all of them. */
const putsMeasured = 20_000;
const fewKeys = 10_000;

/**
 * Fills a member, restarts it, reads, makes a backup, compacts and defragments, while another client puts a key every
 * 5 ms. A folder that has the keys already is not filled again.
 */
export async function measureKeys(member, { keys, valueBytes }) {
  const puts = new Puts(member, keys, valueBytes);
  const rows = new Rows();
  const found = await puts.count();
  const few = found < fewKeys && keys > fewKeys ? await puts.costAmong(fewKeys) : undefined;
  const empty = found < fewKeys ? await member.settledMiB() : undefined;
  await member.loop();
  const fill = await timed(member, () => puts.fill(found));
  const filling = await member.loop();
  const filled = keys - found;
  const full = await member.settledMiB();
  rows.push([`${thousands(keys)} keys of ${thousands(valueBytes)} B: resident, MiB`, await memory(member, full)]);
  rows.push(["bytes of memory a key, beside the empty member", empty === undefined ? "-" : perOne(full - empty, keys)]);
  rows.push(["V8's heap, MiB", await heapText(member)]);
  rows.push(["disk, MiB", member.diskMiB().toFixed(0)]);
  const each = filled > 0 ? ((fill.cpu * 1e6) / filled).toFixed(1) : "-";
  rows.push([`CPU of a put, ${puts.keysOfTxn} in a transaction, us`, each]);
  rows.push(["loop while it was filled", filled > 0 ? loopText(filling) : "-"]);
  const many = await puts.costAmong(keys);
  const ratio = few === undefined ? "" : `, x${(many.cpu / few.cpu).toFixed(2)}`;
  rows.push([`CPU of a put, 100 at once, us: among ${thousands(fewKeys)} keys`, few?.cpu.toFixed(0) ?? "-"]);
  rows.push([`CPU of a put, 100 at once, us: among ${thousands(keys)} keys`, `${many.cpu.toFixed(0)}${ratio}`]);
  const restarts = [await restart(member, puts, "SIGTERM"), await restart(member, puts, "SIGKILL")];
  return [...rows, ...restarts.flat(), ...(await beside(member, keys))];
}

/** Restarts after a signal: rested at SIGTERM, and in the middle of puts at SIGKILL. */
async function restart(member, puts, signal) {
  if (signal === "SIGKILL") {
    const writing = puts.costAmong(puts.keys).catch(() => undefined); // The end of the member ends it.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await member.stop(signal);
    await writing;
  } else await member.stop(signal);
  const { seconds, cpu } = await member.start();
  const { p99, longest } = await member.pulseDuring(() => new Promise((resolve) => setTimeout(resolve, 2_000)));
  const resident = await member.settledMiB();
  const name = signal === "SIGKILL" ? "kill -9 under puts" : "SIGTERM";
  const rows = new Rows();
  rows.push([`restart after ${name}, to the first read, s (CPU, s)`, `${seconds.toFixed(1)} (${cpu.toFixed(1)})`]);
  rows.push(["put every 5 ms then: p99, longest, ms", `${p99.toFixed(0)}, ${longest.toFixed(0)}`]);
  rows.push(["resident after it, MiB", await memory(member, resident)]);
  return rows;
}

/** Does one thing after the other beside a client's puts, and shows how long each holds the loop. */
async function beside(member, keys) {
  const rows = new Rows();
  const all = { key: "size/", rangeEnd: "size0" };
  const list = (fields) => member.call("KV", "Range", { ...all, ...fields });
  const { header } = await list({ limit: 1 });
  const middle = header.revision - Math.floor(keys / 10);
  const works = [
    ["nothing", () => new Promise((resolve) => setTimeout(resolve, 3_000))],
    ["a count of all keys, 10 times", () => repeated(10, () => list({ countOnly: true }))],
    ["a list of 10,000 keys, 10 times", () => repeated(10, () => list({ limit: 10_000 }))],
    ["a list of 10,000 keys at an older revision", () => list({ limit: 10_000, revision: middle })],
    ["a count at an older revision", () => list({ countOnly: true, revision: middle })],
    ["a backup", () => readSnapshot(member)],
    ["a compaction", () => member.call("KV", "Compact", { revision: header.revision, physical: true })],
    ["a defragmentation", () => member.call("Maintenance", "Defragment", {})],
  ];
  for (const [name, work] of works) {
    await member.loop();
    const { result, p99, longest } = await member.pulseDuring(() => timed(member, work));
    const loop = await member.loop();
    const took = `${result.seconds.toFixed(2)} s (CPU ${result.cpu.toFixed(2)} s)`;
    rows.push([name, `${took}; puts p99 ${p99.toFixed(0)}, longest ${longest.toFixed(0)} ms; ${loopText(loop)}`]);
  }
  rows.push(["resident at the end, MiB", await memory(member, await member.settledMiB())]);
  return rows;
}

/** Rows that are also told as soon as they are known, since a measurement may take many minutes. */
class Rows extends Array {
  push(...rows) {
    for (const [what, figure] of rows) console.error(`${what}: ${figure}`);
    return super.push(...rows);
  }
}

/** Puts of keys `size/keys/…` with values that cannot be compressed. */
class Puts {
  keys;
  keysOfTxn;
  #member;
  #valueBytes;
  #random;

  constructor(member, keys, valueBytes) {
    this.keys = keys;
    this.keysOfTxn = Math.max(1, Math.min(keysOfTxnMax, Math.floor(bytesOfTxnMax / valueBytes)));
    this.#member = member;
    this.#valueBytes = valueBytes;
    this.#random = randomBytes(2 ** 20 + valueBytes);
  }

  /** Number of keys that are there already. */
  async count() {
    const range = { key: "size/keys/", rangeEnd: "size/keys0", countOnly: true };
    return (await this.#member.call("KV", "Range", range)).count;
  }

  /** Puts the keys from a number on, which has none missing behind those that were put at the same time. */
  async fill(found) {
    const from = Math.max(0, Math.floor(found / this.keysOfTxn) - fillersAtOnce);
    if (found >= this.keys) return;
    await inParallel(fillersAtOnce, Math.ceil(this.keys / this.keysOfTxn) - from, async (number) => {
      const first = (from + number) * this.keysOfTxn;
      const success = Array.from({ length: Math.min(this.keysOfTxn, this.keys - first) }, (_, at) => ({
        request: { case: "requestPut", value: this.#put(first + at) },
      }));
      await this.#member.call("KV", "Txn", { success });
    });
  }

  /** CPU time in us of a put of any of the first `among` keys, 100 at once. Those of few keys are put before. */
  async costAmong(among) {
    const put = () => this.#member.call("KV", "Put", this.#put(Math.floor(Math.random() * among)));
    if (among === fewKeys)
      await inParallel(fillersAtOnce, fewKeys, (at) => this.#member.call("KV", "Put", this.#put(at)));
    await inParallel(100, putsMeasured / 2, put);
    const { cpu } = await timed(this.#member, () => inParallel(100, putsMeasured, put));
    return { cpu: (cpu * 1e6) / putsMeasured };
  }

  #put(at) {
    const begin = (at * 7_919) % 2 ** 20;
    const value = this.#random.subarray(begin, begin + this.#valueBytes);
    return { key: `size/keys/${String(at).padStart(24, "0")}`, value, ...nothingElse };
  }
}

export function readSnapshot(member) {
  return new Promise((resolve, reject) => {
    const stream = member.stream("Maintenance", "Snapshot", {
      message: () => undefined,
      closed: (error) => (error === undefined ? resolve() : reject(error)),
    });
    stream.send({});
    stream.finish();
  });
}

async function repeated(times, work) {
  for (let time = 0; time < times; time++) await work();
}

/** Resident memory, and how much of it the machine cannot take back. */
async function memory(member, resident) {
  return `${resident.toFixed(0)} (${member.anonymousMiB().toFixed(0)} without mapped files)`;
}

async function heapText(member) {
  const loop = await member.loop();
  return loop === undefined ? "-" : loop.heapMiB.toFixed(0);
}

function loopText(loop) {
  if (loop === undefined) return "-";
  const { cpuMs, wallMs, markCompactMs, scavengeMs } = loop;
  const collections = `collections ${markCompactMs.toFixed(1)} (full), ${scavengeMs.toFixed(1)} (young)`;
  return `loop held ${cpuMs.toFixed(0)} ms of CPU, ${wallMs.toFixed(0)} of wall time, ${collections}`;
}
