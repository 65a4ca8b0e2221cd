import { EtcdError, type LeaseId, type Random } from "../../src/base/index.js";
import type { Call } from "../../src/server/index.js";
import {
  CompactionRequest,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  type Encodable,
  KeyValue,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../../src/wire/index.js";
import type { Audit } from "./audit.js";
import { demand } from "./audit.js";
import type { MemberCalls } from "./front-end.js";
import { type Standing, textOf } from "./history.js";
import type { World } from "./world.js";

const keys = 6;
/** The timeouts of clients. Some are shorter than those of the server. */
const patienceMs = [300, 1_500, 9_000] as const;

/** A request that was refused or not answered. It may or may not have been carried out. */
class NoAnswer extends Error {}

/** A client that makes requests one after the other, each to a random member. */
export class Client {
  readonly #world: World;
  readonly #audit: Audit;
  readonly #random: Random;
  readonly #name: string;
  #count = 0;
  #stopped = false;
  #lease: HeldLease | undefined;

  constructor(world: World, audit: Audit, name: string) {
    this.#world = world;
    this.#audit = audit;
    this.#random = world.fork();
    this.#name = name;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Makes requests. Resolves when the client was stopped and has no request under way. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      await this.#wait(5 + this.#random.int(120));
      try {
        await this.#step();
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        this.#audit.unknown++;
      }
    }
  }

  #step(): Promise<unknown> {
    const dice = this.#random.int(100);
    if (dice < 34) return this.#put(this.#key());
    if (dice < 56) return this.#get(this.#key(), false);
    if (dice < 66) return this.#get(this.#key(), true);
    if (dice < 78) return this.#swap(this.#key());
    if (dice < 83) return this.#putTwo();
    if (dice < 88) return this.#delete(this.#key());
    if (dice < 99) return this.#leaseStep();
    return this.#compact();
  }

  async #put(key: string, lease = 0n): Promise<void> {
    const value = this.#value();
    const floor = this.#world.history.latest;
    const request = PutRequest.create({ key, value: Buffer.from(value), lease });
    const { header } = await this.#ask("put", (member, call) => member.kv.put(request, call));
    this.#audit.wrote(key, value, header?.revision ?? 0, floor);
  }

  async #get(key: string, serializable: boolean): Promise<Standing | undefined> {
    const floor = serializable ? 0 : this.#world.history.latest;
    const request = RangeRequest.create({ key, serializable });
    const { header, kvs } = await this.#ask("get", (member, call) => member.kv.range(request, call));
    const found = kvs[0] === undefined ? undefined : standingOf(kvs[0]);
    this.#audit.read(key, found, header?.revision ?? 0, floor);
    return found;
  }

  /** Puts a key if it has not changed since a read. Otherwise reads it. */
  async #swap(key: string): Promise<void> {
    const before = (await this.#get(key, this.#random.int(2) === 0))?.modRevision ?? 0;
    const value = this.#value();
    const floor = this.#world.history.latest;
    const request = TxnRequest.create({
      compare: [
        {
          ...{ result: CompareResult.EQUAL, target: CompareTarget.MOD, key, rangeEnd: "" },
          targetUnion: { case: "modRevision", value: before },
        },
      ],
      success: [{ request: { case: "requestPut", value: PutRequest.create({ key, value: Buffer.from(value) }) } }],
      failure: [{ request: { case: "requestRange", value: RangeRequest.create({ key }) } }],
    });
    const { header, succeeded, responses } = await this.#ask("txn", (member, call) => member.kv.txn(request, call));
    const revision = header?.revision ?? 0;
    if (succeeded) {
      this.#audit.wrote(key, value, revision, floor);
      this.#audit.claim(() => {
        const found = this.#world.history.at(revision - 1, key)?.modRevision ?? 0;
        demand(found === before, `a swap of ${key} at ${revision} took ${found} for ${before}`);
      });
      return;
    }
    const response = responses[0]?.response;
    const kv = response?.case === "responseRange" ? response.value.kvs[0] : undefined;
    const found = kv === undefined ? undefined : standingOf(kv);
    demand((found?.modRevision ?? 0) !== before, `a swap of ${key} was refused, although it is as it was`);
    this.#audit.read(key, found, revision, floor);
  }

  /** Puts two keys at one revision. */
  async #putTwo(): Promise<void> {
    const first = this.#random.int(keys);
    const pairs = [first, (first + 1) % keys].map((at) => ({ key: `key ${at}`, value: this.#value() }));
    const floor = this.#world.history.latest;
    const request = TxnRequest.create({
      success: pairs.map(({ key, value }) => {
        return { request: { case: "requestPut", value: PutRequest.create({ key, value: Buffer.from(value) }) } };
      }),
    });
    const { header } = await this.#ask("txn", (member, call) => member.kv.txn(request, call));
    for (const { key, value } of pairs) this.#audit.wrote(key, value, header?.revision ?? 0, floor);
  }

  async #delete(key: string): Promise<void> {
    const floor = this.#world.history.latest;
    const request = DeleteRangeRequest.create({ key });
    const { header, deleted } = await this.#ask("delete", (member, call) => member.kv.deleteRange(request, call));
    this.#audit.deleted(key, deleted, header?.revision ?? 0, floor);
  }

  async #compact(): Promise<void> {
    const revision = this.#world.history.latest - this.#random.int(60);
    if (revision < 2) return;
    const request = CompactionRequest.create({ revision, physical: this.#random.int(2) === 0 });
    await this.#ask("compact", (member, call) => member.kv.compact(request, call));
  }

  // ---- leases: each is granted, gets one key, is renewed for a while, and then expires or is revoked

  async #leaseStep(): Promise<void> {
    const held = this.#lease;
    if (held === undefined) return await this.#grant();
    if (this.#world.clock.now() >= held.giveUpAt) {
      this.#lease = undefined;
      if (this.#random.int(3) > 0) return;
      held.revoked = true;
      const request = LeaseRevokeRequest.create({ id: held.id });
      await this.#ask("revoke", (member, call) => member.leases.revoke(request, call));
    } else if (this.#random.int(4) === 0) {
      const request = LeaseTimeToLiveRequest.create({ id: held.id });
      const { ttl } = await this.#ask("ttl", (member, call) => member.leases.timeToLive(request, call));
      demand(ttl <= held.ttlSeconds + 60, `a lease of ${held.ttlSeconds} s has ${ttl} s`);
    } else {
      const now = this.#world.clock.now();
      const ttl = await this.#ask("renew", (member, call) => member.leases.renew(held.id as LeaseId, call));
      demand(ttl === held.ttlSeconds, `a lease of ${held.ttlSeconds} s is renewed for ${ttl} s`);
      held.renewals.push(now);
    }
  }

  async #grant(): Promise<void> {
    const now = this.#world.clock.now();
    const request = LeaseGrantRequest.create({ ttl: 2 + this.#random.int(3) });
    const { id, ttl } = await this.#ask("grant", (member, call) => member.leases.grant(request, call));
    const held = { id, ttlSeconds: ttl, renewals: [now], revoked: false, giveUpAt: now + this.#random.int(8_000) };
    this.#lease = held;
    const key = `lease ${id.toString(16)}`;
    this.#audit.claim(() => {
      const revision = this.#world.history.deletionOf(key);
      if (revision === undefined || held.revoked) return;
      const at = this.#world.history.timeOf(revision);
      for (const renewed of held.renewals.filter((time) => time < at)) {
        const age = at - renewed;
        demand(age >= held.ttlSeconds * 1000, `${key} of ${held.ttlSeconds} s ran out ${age} ms after a renewal`);
      }
    });
    await this.#put(key, id);
  }

  // ---- requests

  #key(): string {
    return `key ${this.#random.int(keys)}`;
  }

  #value(): string {
    const value = `${this.#name}.${this.#count++}`;
    this.#audit.tries(value);
    return value;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.clock.after(ms, resolve));
  }

  /** Makes a request to a random member. @throws NoAnswer */
  #ask<Answer>(what: string, ask: (member: MemberCalls, call: Call) => Promise<Answer>): Promise<Answer> {
    const { clock, trace, machines, fail } = this.#world;
    const machine = machines[this.#random.int(machines.length)];
    const process = machine?.process;
    return new Promise((resolve, reject) => {
      const end = (how: string, settle: () => void): void => {
        timer.cancel();
        process?.onDeath.delete(lost);
        trace.note(`${this.#name} ${what} at ${machine?.name}: ${how}`);
        settle();
      };
      const lost = (): void => end("lost", () => reject(new NoAnswer("the connection is lost")));
      const gone = new AbortController();
      const call = { cancelled: false, signal: gone.signal, metadata: () => undefined };
      const timer = clock.after(patienceMs[this.#random.int(3)] ?? 300, () => {
        call.cancelled = true;
        gone.abort(new EtcdError("canceled"));
        lost();
      });
      if (process === undefined) return lost();
      process.onDeath.add(lost);
      process.clock.after(this.#random.int(3), () => {
        const { calls } = process;
        if (calls === undefined) return lost();
        ask(calls, call).then(
          (answer) => end("done", () => resolve(answer)),
          (error: unknown) => {
            if (!(error instanceof EtcdError)) fail(error);
            else end(error.kind, () => reject(new NoAnswer(error.kind)));
          },
        );
      });
    });
  }
}

interface HeldLease {
  readonly id: bigint;
  readonly ttlSeconds: number;
  /** The times of the requests of all successful renewals. */
  readonly renewals: number[];
  readonly giveUpAt: number;
  revoked: boolean;
}

export function standingOf(stored: Encodable<KeyValue>): Standing {
  const kv = stored instanceof Uint8Array ? KeyValue.decode(stored) : stored;
  const { key, createRevision, modRevision, version, lease } = kv;
  return { key, createRevision, modRevision, version, lease, value: textOf(kv.value) };
}
