import type { Random } from "../../../src/base/index.js";
import type { TestClient } from "../../support/client.js";
import type { Change } from "./history.js";

/** An acknowledged write: exactly these changes were made at this revision. */
export interface Acknowledged {
  readonly revision: number;
  readonly what: string;
  readonly matches: (changes: readonly Change[]) => boolean;
}

/** The requests that the server acknowledged in one round. */
export interface Ledger {
  readonly writes: Acknowledged[];
  readonly granted: Set<bigint>;
  /** The leases whose revocation was requested. Each may be gone, even if the request was not acknowledged. */
  readonly revoked: Set<bigint>;
  readonly gone: Set<bigint>;
  compacted: number;
}

export interface Round {
  readonly client: TestClient;
  readonly random: Random;
  readonly ledger: Ledger;
  /** The newest revision whose history has been checked. Compactions do not go beyond it. */
  readonly checkedRevision: number;
  /** Returns a new number at each call, for values and lease ids. */
  readonly unique: () => number;
}

const keys = 200;

/** One client that makes requests one after the other until the server is gone. */
export async function work(round: Round): Promise<void> {
  for (;;) {
    try {
      await act(round);
    } catch (error) {
      if (isGone(error)) return;
      if (!isRefusal(error)) throw error;
    }
  }
}

/** Whether the connection broke. Requests under way may or may not have been carried out. */
function isGone(error: unknown): boolean {
  const { code, details } = error as { code?: number; details?: string };
  return code === 14 || code === 1 || (code === 13 && !details?.startsWith("etcdserver"));
}

/** Whether another client was faster: it granted or revoked the lease, or compacted the revision. */
function isRefusal(error: unknown): boolean {
  const { details } = error as { details?: string };
  return /lease not found|lease already exists|has been compacted/.test(details ?? "");
}

async function act(round: Round): Promise<void> {
  const choice = round.random.int(100);
  if (choice < 55) return put(round, 0n);
  if (choice < 65) return put(round, pick(round, round.ledger.granted) ?? 0n);
  if (choice < 80) return transact(round);
  if (choice < 88) return remove(round);
  if (choice < 95) return grant(round);
  if (choice < 98) return revoke(round);
  return compact(round);
}

async function put({ client, random, ledger, unique }: Round, lease: bigint): Promise<void> {
  const key = randomKey(random);
  const value = `${unique()}${"v".repeat(random.int(300))}`;
  const { header } = await client.unary("etcdserverpb.KV", "Put", { key, value: Buffer.from(value), lease });
  const want = JSON.stringify([key, value, lease.toString()]);
  ledger.writes.push({
    revision: header?.revision ?? 0,
    what: `put ${key}`,
    matches: ([change, ...more]) =>
      more.length === 0 && JSON.stringify([change?.key, change?.put?.value, change?.put?.lease.toString()]) === want,
  });
}

async function transact({ client, random, ledger, unique }: Round): Promise<void> {
  const [first, second] = [randomKey(random), `txn/${random.int(keys)}`];
  const value = `${unique()}`;
  const success = [first, second].map((key) => ({
    request: {
      case: "requestPut" as const,
      value: { key, value: Buffer.from(value), lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false },
    },
  }));
  const { header } = await client.unary("etcdserverpb.KV", "Txn", { success });
  ledger.writes.push({
    revision: header?.revision ?? 0,
    what: `txn ${first} ${second}`,
    matches: (changes) =>
      changes.map(({ key }) => key).join() === [first, second].join() &&
      changes.every((change) => change.put?.value === value),
  });
}

async function remove({ client, random, ledger }: Round): Promise<void> {
  const key = randomKey(random);
  const { header, deleted } = await client.unary("etcdserverpb.KV", "DeleteRange", { key, rangeEnd: `${key}~` });
  if (deleted === 0) return;
  ledger.writes.push({
    revision: header?.revision ?? 0,
    what: `delete ${key} (${deleted})`,
    matches: (changes) => changes.length === deleted && changes.every(({ put }) => put === undefined),
  });
}

async function grant({ client, ledger, unique }: Round): Promise<void> {
  const id = BigInt(unique());
  await client.unary("etcdserverpb.Lease", "LeaseGrant", { id, ttl: 100_000 });
  ledger.granted.add(id);
}

async function revoke(round: Round): Promise<void> {
  const id = pick(round, round.ledger.granted);
  if (id === undefined) return;
  round.ledger.granted.delete(id);
  round.ledger.revoked.add(id);
  await round.client.unary("etcdserverpb.Lease", "LeaseRevoke", { id });
  round.ledger.gone.add(id);
}

async function compact({ client, ledger, checkedRevision, random }: Round): Promise<void> {
  const revision = checkedRevision - random.int(50);
  if (revision <= ledger.compacted || revision < 2) return;
  await client.unary("etcdserverpb.KV", "Compact", { revision, physical: random.int(2) === 0 });
  ledger.compacted = Math.max(ledger.compacted, revision);
}

function randomKey(random: Random): string {
  return `key/${random.int(keys)}`;
}

function pick<T>({ random }: Round, from: ReadonlySet<T>): T | undefined {
  return [...from][random.int(Math.max(1, from.size))];
}
