import { setTimeout as pause } from "node:timers/promises";
import type { Random } from "../../src/base/index.js";
import type { KeyValue } from "../../src/wire/index.js";
import type { TestClient } from "../support/client.js";
import type { FaultyCluster } from "./cluster.js";

/** An acknowledged write: the value of a key at a revision. */
export interface Written {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** The answers that all clients received. */
export class Witness {
  readonly written: Written[] = [];
  readonly stale: string[] = [];
  reads = 0;
  /** The newest revision of each key in any answer. */
  readonly #newest = new Map<string, number>();
  #revision = 1;

  wrote(write: Written): void {
    this.written.push(write);
    this.#newest.set(write.key, Math.max(write.revision, this.#newest.get(write.key) ?? 0));
    this.#revision = Math.max(this.#revision, write.revision);
  }

  /** The minimum revisions for a linearizable read that begins now. */
  expectation(key: string): { keyRevision: number; revision: number } {
    return { keyRevision: this.#newest.get(key) ?? 0, revision: this.#revision };
  }

  read(key: string, expected: { keyRevision: number; revision: number }, seen: number, revision: number): void {
    this.reads++;
    if (seen < expected.keyRevision || revision < expected.revision) {
      this.stale.push(`${key}: saw ${seen} at ${revision}, known before: ${JSON.stringify(expected)}`);
    }
    this.#newest.set(key, Math.max(seen, this.#newest.get(key) ?? 0));
    this.#revision = Math.max(this.#revision, revision);
  }
}

const keys = 20;
const deadlineMs = 3_000;
/** The pause of a client between two requests. Without one, the clients would take the CPU from the members. */
const requestPauseMs = 3;
/**
 * The pause between changes of rights. A request is refused if rights change during it, so changes must not be
 * frequent.
 */
const changePauseMs = 250;

/** A client that writes, reads and compares until it is stopped, each time at a random member. */
export async function use(
  cluster: FaultyCluster,
  witness: Witness,
  random: Random,
  name: string,
  stopped: AbortSignal,
): Promise<void> {
  const clients = cluster.members.map((member) => member.user(deadlineMs));
  for (let at = 0; !stopped.aborted; at++) {
    const client = clients[random.int(clients.length)];
    if (client === undefined) throw new Error("no members");
    const key = `key/${random.int(keys)}`;
    try {
      const choice = random.int(10);
      if (choice < 4) await put(client, witness, key, `${name}/${at}`);
      else if (choice < 8) await get(client, witness, key);
      else await swap(client, witness, key, `${name}/${at}`);
    } catch {
      // After a refusal, a timeout or a broken connection, a write may or may not have happened.
    }
    await pause(requestPauseMs);
  }
  for (const client of clients) client.close();
}

/** Changes rights at random members until it is stopped. */
export async function changeRights(
  cluster: FaultyCluster,
  change: (operator: TestClient, at: number) => Promise<void>,
  random: Random,
  stopped: AbortSignal,
): Promise<void> {
  const clients = cluster.members.map((member) => member.client(deadlineMs));
  for (let at = 0; !stopped.aborted; at++) {
    const client = clients[random.int(clients.length)];
    if (client !== undefined) await change(client, at).catch(() => undefined); // Faults can make it fail.
    await pause(changePauseMs);
  }
  for (const client of clients) client.close();
}

async function put(client: TestClient, witness: Witness, key: string, value: string): Promise<void> {
  const { header } = await client.unary("etcdserverpb.KV", "Put", { key, value: Buffer.from(value) });
  witness.wrote({ key, value, revision: header?.revision ?? 0 });
}

async function get(client: TestClient, witness: Witness, key: string): Promise<KeyValue | undefined> {
  const expected = witness.expectation(key);
  const { header, kvs } = await client.unary("etcdserverpb.KV", "Range", { key });
  const kv = kvs[0] as KeyValue | undefined;
  witness.read(key, expected, kv?.modRevision ?? 0, header?.revision ?? 0);
  return kv;
}

/** Writes a key only if it has not changed since a read. */
async function swap(client: TestClient, witness: Witness, key: string, value: string): Promise<void> {
  const seen = (await get(client, witness, key))?.modRevision ?? 0;
  const { header, succeeded } = await client.unary("etcdserverpb.KV", "Txn", {
    compare: [{ result: 0, target: 2, key, targetUnion: { case: "modRevision", value: seen }, rangeEnd: "" }],
    success: [
      {
        request: {
          case: "requestPut",
          value: {
            ...{ key, value: Buffer.from(value), lease: 0n },
            ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
          },
        },
      },
    ],
  });
  if (succeeded) witness.wrote({ key, value, revision: header?.revision ?? 0 });
}
