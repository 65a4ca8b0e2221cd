import { EtcdError, type Random } from "../../src/base/index.js";
import type { EtcdServer } from "../../src/server/index.js";
import { type Encodable, KeyValue, PutRequest, RangeRequest } from "../../src/wire/index.js";
import { patient } from "../server/member.js";
import type { SimCluster } from "./cluster.js";

const keys = 8;

interface Written {
  readonly key: string;
  readonly value: string;
}

/** Clients that put and read, and remember what they were told; what was told must be true ever after. */
export class Workload {
  readonly #cluster: SimCluster;
  readonly #random: Random;
  /** Acknowledged puts, by their revisions. */
  readonly #written = new Map<number, Written>();
  readonly #newestOf = new Map<string, number>();
  readonly #faults: string[] = [];
  #newest = 0;
  #count = 0;
  #refused = 0;
  /** Whom the requests that are under way were put to. */
  readonly #pending = new Set<{ readonly server: EtcdServer }>();

  constructor(cluster: SimCluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  get acknowledged(): number {
    return this.#written.size;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Requests that may still be answered: their members run. */
  get pending(): number {
    const { running } = this.#cluster;
    return [...this.#pending].filter(({ server }) => running.includes(server)).length;
  }

  /** Makes a client ask some member for something. */
  step(): void {
    const { running } = this.#cluster;
    const server = running[this.#random.int(running.length)];
    if (server === undefined) return;
    const key = `key ${this.#random.int(keys)}`;
    const request = { server };
    this.#pending.add(request);
    const asked = this.#random.int(3) === 0 ? this.#read(server, key) : this.#put(server, key);
    void asked
      .catch((error: unknown) => {
        if (error instanceof EtcdError) this.#refused++;
        else this.#faults.push(String(error));
      })
      .finally(() => {
        this.#pending.delete(request);
      });
  }

  /** Throws unless all that clients were told is so, on every member that runs. */
  async check(): Promise<void> {
    if (this.#faults.length > 0) throw new Error(this.#faults.join("\n"));
    const { running } = this.#cluster;
    const hashes = await Promise.all(running.map((server) => server.hashKv(this.#newest)));
    const sums = new Set(hashes.map(({ hash }) => hash));
    if (sums.size !== 1) throw new Error(`the members' histories differ: ${[...sums]}`);
    for (const server of running) {
      for (const [revision, { key, value }] of this.#written) {
        const request = RangeRequest.create({ key, revision, serializable: true });
        const [kv] = (await server.range(request, patient)).kvs;
        if (kv === undefined || textOf(kv) !== value || decode(kv).modRevision !== revision) {
          throw new Error(`${server.config.name} has lost ${key} = ${value} at revision ${revision}`);
        }
      }
    }
  }

  async #put(server: EtcdServer, key: string): Promise<void> {
    const value = `value ${this.#count++}`;
    const { header } = await server.put(PutRequest.create({ key, value: Buffer.from(value) }), patient);
    const revision = header?.revision ?? 0;
    const other = this.#written.get(revision);
    if (other !== undefined) this.#faults.push(`${other.value} and ${value} have the same revision ${revision}`);
    this.#written.set(revision, { key, value });
    this.#newest = Math.max(this.#newest, revision);
    this.#newestOf.set(key, Math.max(this.#newestOf.get(key) ?? 0, revision));
  }

  async #read(server: EtcdServer, key: string): Promise<void> {
    const [newest, newestOfKey] = [this.#newest, this.#newestOf.get(key) ?? 0];
    const { header, kvs } = await server.range(RangeRequest.create({ key }), patient);
    const found = kvs[0] === undefined ? 0 : decode(kvs[0]).modRevision;
    if (found < newestOfKey) this.#faults.push(`a read of ${key} found revision ${found} after ${newestOfKey}`);
    if ((header?.revision ?? 0) < newest) this.#faults.push(`a read saw revision ${header?.revision} after ${newest}`);
  }
}

function decode(kv: Encodable<KeyValue>): KeyValue {
  return kv instanceof Uint8Array ? KeyValue.decode(kv) : kv;
}

function textOf(kv: Encodable<KeyValue>): string {
  return Buffer.from(decode(kv).value).toString("utf8");
}
