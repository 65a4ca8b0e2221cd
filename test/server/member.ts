import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ApiLevel,
  EtcdError,
  type Logger,
  ManualClock,
  seededRandom,
  silentLogger,
} from "../../src/base/index.js";
import { FileDisk } from "../../src/server/disk/file-disk.js";
import { type Call, EtcdServer, type ServerConfig, type ServerDeps, serverDefaults } from "../../src/server/index.js";
import {
  type Encodable,
  KeyValue,
  PutRequest,
  type PutResponse,
  RangeRequest,
  TxnRequest,
} from "../../src/wire/index.js";
import { actorsWanted, consensusActor } from "../support/consensus-actor.js";
import { MemoryDisk } from "./memory-disk.js";

/** A call whose client never gives up. */
export const patient: Call = { cancelled: false, signal: new AbortController().signal, metadata: () => undefined };

const peerUrl = "http://127.0.0.1:33180";
/** The settings of a real etcd member whose ids and hashes the tests know. */
export const settings: Omit<ServerConfig, "dataDir"> = {
  ...serverDefaults,
  name: "m1",
  initialCluster: [{ name: "m1", peerUrls: [peerUrl] }],
  advertisePeerUrls: [peerUrl],
  advertiseClientUrls: ["http://127.0.0.1:33179"],
};

/** A disk on which members run one after the other, each with its own clock. */
export class Host {
  readonly disk = new MemoryDisk();
  readonly dir = mkdtempSync(join(tmpdir(), "etcd-server-"));
  clock = new ManualClock();
  /** Measures the heap of the member; undefined when the member does not watch it. */
  heap: ServerDeps["heap"];
  #overrides: Partial<ServerConfig>;
  #server: EtcdServer | undefined;

  readonly #logger: Logger;

  constructor(overrides: Partial<ServerConfig> = {}, logger = silentLogger) {
    this.#overrides = overrides;
    this.#logger = logger;
  }

  get server(): EtcdServer {
    if (this.#server === undefined) throw new Error("the member was not started");
    return this.#server;
  }

  /** Starts the member on the disk. Resolves when it leads and has published its attributes. */
  async start(): Promise<EtcdServer> {
    // The new clock must be ahead of the old one. Otherwise requests could get the ids of earlier requests.
    const now = this.clock.now() + 1_000;
    this.clock = new ManualClock();
    this.clock.advance(now);
    const openStore = (dir: string): ReturnType<MemoryDisk["open"]> => this.disk.open(dir);
    const around = { clock: this.clock, random: seededRandom(1), logger: this.#logger };
    const own = { ...settings, dataDir: this.dir, ...this.#overrides };
    const fileDisk = new FileDisk({ ...around, openStore, dataDir: this.dir, unsafeNoSync: own.unsafeNoSync });
    this.#server = await EtcdServer.start(own, {
      ...{ ...around, openStore },
      ...(this.heap && { heap: this.heap }),
      ...(actorsWanted && { openConsensus: consensusActor({ ...around, connect: undefined, disk: fileDisk }) }),
    });
    await this.#server.ready;
    await this.until(() => this.server.clusterVersion() !== undefined);
    return this.#server;
  }

  async restart(): Promise<EtcdServer> {
    await this.server.stop();
    return await this.start();
  }

  /** Like `restart`, but the member has another level from now on. */
  async restartAt(apiLevel: ApiLevel): Promise<EtcdServer> {
    this.#overrides = { ...this.#overrides, apiLevel };
    return await this.restart();
  }

  /** Like `restart`, but the old member ends at once and writes nothing. */
  async crash(): Promise<EtcdServer> {
    this.disk.crash();
    return await this.start();
  }

  /** Advances the clock in steps of a raft tick, and runs everything that is due after each step. */
  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.clock.advance(100);
      await turns(5);
    }
  }

  async until(condition: () => boolean): Promise<void> {
    for (let waited = 0; !condition(); waited++) {
      if (waited > 1000) throw new Error(`never came true: ${condition}`);
      await turns(1);
    }
  }

  async put(key: string, value: string, more: Partial<PutRequest> = {}): Promise<PutResponse> {
    const put = PutRequest.create({ key, value: Buffer.from(value), ...more });
    return await this.server.kv.put(put, patient);
  }

  /** The value of a key; undefined when the key does not exist. */
  async get(key: string): Promise<string | undefined> {
    const txn = TxnRequest.create({
      success: [{ request: { case: "requestRange", value: RangeRequest.create({ key }) } }],
    });
    const [response] = (await this.server.kv.txn(txn, patient)).responses;
    if (response?.response?.case !== "responseRange") throw new Error("a range is answered with a range");
    const [kv] = response.response.value.kvs;
    return kv === undefined ? undefined : decodeValue(kv);
  }

  async dispose(): Promise<void> {
    await this.#server?.stop();
    rmSync(this.dir, { recursive: true });
  }
}

/** A call whose client gives up when the controller aborts. */
export function callOf({ signal }: AbortController): Call {
  return {
    get cancelled() {
      return signal.aborted;
    },
    signal,
    metadata: () => undefined,
  };
}

/** Lets `count` turns of the event loop pass, in which callbacks, promises and writes to the memory disk run. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The kind of the `EtcdError` that a promise rejects with; `done` if it resolves. */
export function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (error: unknown) => (error instanceof EtcdError ? error.kind : String(error)),
  );
}

function decodeValue(kv: Encodable<KeyValue>): string {
  const { value } = kv instanceof Uint8Array ? KeyValue.decode(kv) : kv;
  return Buffer.from(value).toString("utf8");
}
