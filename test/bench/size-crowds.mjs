// Further steps of size.mjs: what other clients notice of very many watchers that come back at once, and of watchers that
// do not read. Each step returns rows of a name and a figure.
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { crowdKey } from "./crowd-keys.mjs";

const nothingElse = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
const fromNow = { rangeEnd: "", startRevision: 0, filters: [], watchId: 0n, prevKv: false, fragment: false };
const historyRevisions = 20_000;
const historyKeys = 1_000;
/** Bytes of the values that are put while watchers do not read, and the number of puts under way. */
const unreadBytes = 100 * 2 ** 20;
const unreadPuts = 4;

/** Watchers on 100 connections ask for all history at the same moment, while new watchers come one after the other. */
export async function measureReturning(member, { returning }) {
  await fill(member);
  // On a thread of its own: what it receives must not delay the new watches, which are clients of their own.
  const crowd = new Worker(new URL("./returning-crowd.mjs", import.meta.url), {
    workerData: { endpoint: member.endpoint, returning, events: historyRevisions / historyKeys, keys: historyKeys },
  });
  await once(crowd, "message");
  const probe = new Probe(member);
  const calm = await probe.during(() => pause(2_000));
  const begin = performance.now();
  const busy = await probe.during(async () => {
    crowd.postMessage("go");
    await once(crowd, "message");
  });
  const seconds = (performance.now() - begin) / 1_000;
  await crowd.terminate();
  await probe.close();
  return [
    [`${returning.toLocaleString("en-US")} watchers are back, with 20 events each, after s`, seconds.toFixed(2)],
    ["a new watch gets its first event, ms: calm, longest", Math.max(...calm).toFixed(1)],
    ["a new watch gets its first event, ms: meanwhile, median", median(busy).toFixed(1)],
    ["a new watch gets its first event, ms: meanwhile, longest", Math.max(...busy).toFixed(1)],
    ["resident at the end, MiB", (await member.settledMiB()).toFixed(0)],
  ];
}

/** Watch streams that do not read, each on its own connection, while values of a key that all of them watch are put. */
export async function measureSlow(member, { slow, eventBytes }) {
  const before = await member.settledMiB();
  const crowd = new Worker(new URL("./slow-crowd.mjs", import.meta.url), {
    workerData: { endpoint: member.endpoint, slow, key: "crowd/slow" },
  });
  await once(crowd, "message");
  const probe = new Probe(member);
  const calm = await probe.during(() => pause(2_000));
  const calmPuts = probe.takePuts();
  const value = Buffer.alloc(eventBytes, "v");
  const puts = Math.ceil(unreadBytes / eventBytes);
  let peak = before;
  let next = 0;
  const putAll = async () => {
    while (next++ < puts) {
      await member.call("KV", "Put", { key: "crowd/slow", value, ...nothingElse });
      peak = Math.max(peak, member.residentMiB());
    }
  };
  const busy = await probe.during(() => Promise.all(Array.from({ length: unreadPuts }, putAll)));
  const busyPuts = probe.takePuts();
  const after = await member.settledMiB();
  await crowd.terminate();
  await probe.close();
  const count = slow.toLocaleString("en-US");
  return [
    [
      `${count} slow streams, ${puts} events of ${(eventBytes / 1024).toFixed(0)} KiB: grown at most by, MiB`,
      (peak - before).toFixed(0),
    ],
    ["grown then, after a collection, MiB", (after - before).toFixed(0)],
    ["a small put, ms: calm, p99", percentile99(calmPuts).toFixed(1)],
    ["a small put, ms: meanwhile, p99", percentile99(busyPuts).toFixed(1)],
    ["a new watch gets its first event, ms: calm, longest", Math.max(...calm).toFixed(1)],
    ["a new watch gets its first event, ms: meanwhile, median", median(busy).toFixed(1)],
    ["a new watch gets its first event, ms: meanwhile, longest", Math.max(...busy).toFixed(1)],
  ];
}

/** Opens one watch after the other on a connection of its own, and times how long each waits for the event of a put. */
class Probe {
  #member;
  #link;
  #count = 0;
  /** How long each put took, in ms. */
  #puts = [];

  constructor(member) {
    this.#member = member;
    this.#link = member.openLink();
  }

  /** @returns the waits in ms while `work` runs */
  async during(work) {
    const waits = [];
    let over = false;
    const working = work().finally(() => {
      over = true;
    });
    do {
      waits.push(await this.#once());
      await pause(10);
    } while (!over);
    await working;
    return waits;
  }

  /** The times of the puts since the last call, in ms. */
  takePuts() {
    return this.#puts.splice(0);
  }

  async close() {
    this.#link.close();
  }

  async #once() {
    const key = `crowd/probe/${this.#count++}`;
    const begin = performance.now();
    await new Promise((resolve, reject) => {
      const put = async () => {
        const putAt = performance.now();
        await this.#member.call("KV", "Put", { key, value: Buffer.from("v"), ...nothingElse }, 60_000, this.#link);
        this.#puts.push(performance.now() - putAt);
      };
      const listener = {
        message({ created, events }) {
          if (created) put().catch(reject);
          if (events.length === 0) return;
          stream.cancel();
          resolve();
        },
        closed: reject,
      };
      const stream = this.#member.stream("Watch", "Watch", listener, this.#link);
      create(stream, { key });
    });
    return performance.now() - begin;
  }
}

/** Makes 20,000 revisions of 1,000 keys. */
async function fill(member) {
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < historyRevisions; at = next++) {
      await member.call("KV", "Put", {
        key: crowdKey(at % historyKeys),
        value: Buffer.alloc(100, "v"),
        ...nothingElse,
      });
    }
  };
  await Promise.all(Array.from({ length: 100 }, worker));
}

function create(stream, fields) {
  stream.send({ requestUnion: { case: "createRequest", value: { ...fromNow, progressNotify: false, ...fields } } });
}

function percentile99(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length * 0.99)];
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
