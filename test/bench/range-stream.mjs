// Measures RangeStream: many readers of a large range at once, the memory that they cost the server, and how long a put
// takes meanwhile.
import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Cluster } from "./clusters.mjs";

const valueBytes = 1024;
const keysOfTxn = 100;
const samplesMs = 50;
/** Memory settles before it is measured: the heap of the load is collected, and batches are written. */
const restMs = 5_000;

/**
 * @param definition the server, as `NAME=COMMAND`
 * @returns a row with the seconds of the readers, the growth of memory, and the latency of puts
 */
export async function measureRangeStream(definition, { keys, readers }) {
  const cluster = await Cluster.start(definition, { members: 1, tls: false, jwt: false });
  try {
    const client = cluster.client(0);
    await fill(client, keys);
    // The first readers make the server compile what runs, and fill its caches.
    await readersOf(cluster.endpoints[0], 2);
    await sleep(restMs);
    const before = cluster.residentMiB();
    let peak = before;
    let busy = true;
    const latencies = [];
    const watching = (async () => {
      while (busy) {
        peak = Math.max(peak, cluster.residentMiB());
        await sleep(samplesMs);
      }
    })();
    const putting = (async () => {
      while (busy) {
        const begin = performance.now();
        await client.put({ key: "other", value: Buffer.alloc(100) });
        latencies.push(performance.now() - begin);
        await sleep(2);
      }
    })();
    const begin = performance.now();
    const found = await readersOf(cluster.endpoints[0], readers);
    const seconds = (performance.now() - begin) / 1_000;
    busy = false;
    await Promise.all([watching, putting]);
    client.close();
    latencies.sort((one, other) => one - other);
    const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
    const bytes = found.reduce((sum, one) => sum + one.bytes, 0);
    if (found.some((one) => one.bytes < keys * valueBytes)) throw new Error("a reader got less than all keys");
    return {
      ...{ server: cluster.name, keys, readers, seconds, mibPerSecond: bytes / 2 ** 20 / seconds },
      ...{ before, growth: peak - before, puts: latencies.length, p50: at(0.5), p99: at(0.99), max: at(1) },
    };
  } finally {
    cluster.stop();
  }
}

async function readersOf(endpoint, readers) {
  const program = fileURLToPath(new URL("./range-readers.mjs", import.meta.url));
  const child = fork(program, [endpoint, String(readers)]);
  return await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the readers ended with ${code}`)));
  });
}

/** Puts the keys, a hundred in each transaction. */
async function fill(client, keys) {
  let next = 0;
  const value = Buffer.alloc(valueBytes, "v");
  const none = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
  const worker = async () => {
    while (next < keys) {
      const first = next;
      next += keysOfTxn;
      const success = Array.from({ length: Math.min(keysOfTxn, keys - first) }, (_, at) => ({
        request: {
          case: "requestPut",
          value: { key: `key/${String(first + at).padStart(9, "0")}`, value, ...none },
        },
      }));
      await client.txn({ success });
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
}
