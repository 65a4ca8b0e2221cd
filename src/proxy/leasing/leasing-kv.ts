import {
  EtcdError,
  isEmptyRange,
  isOneKey,
  type Key,
  type Logger,
  openEnd,
  pause,
  prefixEnd,
} from "../../base/index.js";
import type { EtcdClient } from "../../client/index.js";
import {
  type Compare,
  CompareResult,
  CompareTarget,
  type Decoded,
  DeleteRangeRequest,
  DeleteRangeResponse,
  type KeyValue,
  PutRequest,
  PutResponse,
  RangeRequest,
  type RequestOp,
  services,
  TxnRequest,
  TxnResponse,
} from "../../wire/index.js";
import type { KvCall } from "../kv/kv-bindings.js";
import { visitWrites } from "../kv/written-ranges.js";
import type { ProxiedCall } from "../proxied-call.js";
import { LeaseWatch, wanted } from "./lease-watch.js";
import { LeasedKey } from "./leased-key.js";

const { Range, Put, DeleteRange, Txn } = services["etcdserverpb.KV"];
/** The most keys that are held at once. The reads of others go to members. */
const keysMax = 10_000;
/** A key that was given up is not taken again for this long: somebody else changes it. */
const givenUpMs = 2_000;
/** The time limit of giving a key up, after which it is tried again. */
const callMsMax = 5_000;
/** The pause before that. */
const retryMs = 100;

/**
 * Requests about keys in etcd's leasing mode. The proxy takes the keys that its clients read: it puts a mark for each
 * under a prefix, with the lease of its session. It then answers reads of a key itself, even without members. All
 * writes, whoever's proxy they go through, make sure that no other proxy has the key, and ask it to give the key up.
 * Clients that write past the proxies break this.
 */
export class LeasingKv {
  readonly #next: KvCall;
  readonly #client: EtcdClient;
  readonly #prefix: Key;
  readonly #watch: LeaseWatch;
  readonly #keys = new Map<Key, LeasedKey>();
  /** The keys that are being taken, and the revision at which somebody wanted them meanwhile. */
  readonly #taking = new Map<Key, { wantedAt: number }>();
  readonly #givenUp = new Map<Key, number>();

  /** @param client a client of the members, whose keys are those of `next` */
  constructor(next: KvCall, client: EtcdClient, prefix: Key, logger: Logger) {
    this.#next = next;
    this.#client = client;
    this.#prefix = prefix;
    this.#watch = new LeaseWatch({
      ...{ client, prefix, logger },
      onWanted: (key, revision) => void this.#giveUp(key, revision),
      onLost: () => this.#keys.clear(),
    });
  }

  start(): void {
    this.#watch.start();
  }

  /** Gives all keys up. */
  stop(): Promise<void> {
    return this.#watch.stop();
  }

  /** Serves a request, or sends it on. */
  readonly call: KvCall = (path, request, call, repeatable) => {
    // The session has no user, so with authentication nobody can hold a key.
    if (call.metadata.token !== undefined || call.metadata.authorization !== undefined) {
      return this.#next(path, request, call, repeatable);
    }
    switch (path) {
      case Range.path:
        return this.#range(request, call);
      case Put.path:
        return this.#put(PutRequest.decode(request), call);
      case DeleteRange.path:
        return this.#delete(DeleteRangeRequest.decode(request), call);
      case Txn.path:
        return this.#txn(request, call);
      default:
        return this.#next(path, request, call, repeatable);
    }
  };

  // ---- reads ----

  async #range(bytes: Uint8Array, call: ProxiedCall): Promise<Uint8Array> {
    const request = RangeRequest.decode(bytes);
    const { key, rangeEnd, revision, serializable } = request;
    const atMember = (): Promise<Uint8Array> => this.#next(Range.path, bytes, call, "repeatable");
    const lease = this.#watch.lease;
    if (revision > 0 || !isOneKey(rangeEnd) || key === "" || lease === undefined) return await atMember();
    for (let held = this.#keys.get(key); held !== undefined; held = this.#keys.get(key)) {
      if (held.writing === undefined) return held.answer(request);
      await held.writing;
    }
    if (serializable || this.#keys.size >= keysMax || this.#isGivenUp(key) || this.#taking.has(key)) {
      return await atMember();
    }
    return await this.#take(key, lease, request, call);
  }

  /** Takes a key that nobody holds, and reads it in any case. */
  async #take(key: Key, lease: bigint, request: RangeRequest, call: ProxiedCall): Promise<Uint8Array> {
    const taking = { wantedAt: 0 };
    this.#taking.set(key, taking);
    try {
      const get: RequestOp = { request: { case: "requestRange", value: RangeRequest.create({ key }) } };
      const mark = { key: this.#prefix + key, lease };
      const { header, succeeded, responses } = await this.#ask(
        {
          // A key with a lease may vanish without a write.
          compare: [
            created(this.#prefix + key, CompareResult.EQUAL, 0),
            compare({ key, target: CompareTarget.LEASE, targetUnion: { case: "lease", value: 0n } }),
          ],
          success: [get, { request: { case: "requestPut", value: PutRequest.create(mark) } }],
          failure: [get],
        },
        call,
      );
      const read = responses[0]?.response;
      const [kv] = read?.case === "responseRange" ? (read.value.kvs as readonly Decoded<KeyValue>[]) : [];
      const leased = new LeasedKey(header?.revision ?? 0, header, kv);
      const lost = this.#watch.lease !== lease || taking.wantedAt > leased.revision;
      if (succeeded && !lost) this.#keys.set(key, leased);
      return leased.answer(request);
    } finally {
      this.#taking.delete(key);
    }
  }

  #isGivenUp(key: Key): boolean {
    const at = this.#givenUp.get(key);
    return at !== undefined && this.#client.clock.now() - at < givenUpMs;
  }

  // ---- writes ----

  async #put(request: PutRequest, call: ProxiedCall): Promise<Uint8Array> {
    const { key, value, lease, ignoreValue, ignoreLease } = request;
    const op: RequestOp = { request: { case: "requestPut", value: request } };
    const plain = lease === 0n && !ignoreValue && !ignoreLease;
    const { header, responses } = await this.#write(key, op, call, (held, answer) => {
      if (plain) held.set(value, key, answer);
      else void this.#giveUp(key);
    });
    const done = responses[0]?.response;
    const prevKv = done?.case === "responsePut" ? done.value.prevKv : undefined;
    return PutResponse.encode(PutResponse.create({ header, prevKv }));
  }

  async #delete(request: DeleteRangeRequest, call: ProxiedCall): Promise<Uint8Array> {
    const { key, rangeEnd } = request;
    const op: RequestOp = { request: { case: "requestDeleteRange", value: request } };
    const { header, responses } = isOneKey(rangeEnd)
      ? await this.#write(key, op, call, (held, answer) => held.delete(answer))
      : await this.#guarded({ compare: [], success: [op], failure: [] }, call);
    const done = responses[0]?.response;
    const answer = done?.case === "responseDeleteRange" ? done.value : DeleteRangeResponse.create();
    return DeleteRangeResponse.encode({ ...answer, header });
  }

  async #txn(bytes: Uint8Array, call: ProxiedCall): Promise<Uint8Array> {
    const request = TxnRequest.decode(bytes);
    let writes = false;
    visitWrites(request, () => {
      writes = true;
    });
    if (!writes) return await this.#next(Txn.path, bytes, call, "once");
    return TxnResponse.encode(await this.#guarded(request, call));
  }

  /** Writes one key, which stays held if it was. Otherwise whoever holds it is asked to give it up. */
  async #write(
    key: Key,
    op: RequestOp,
    call: ProxiedCall,
    done: (held: LeasedKey, header: Decoded<TxnResponse>["header"]) => void,
  ): Promise<Decoded<TxnResponse>> {
    if (key === "") throw new EtcdError("emptyKey");
    for (;;) {
      await this.#watch.ready(call.signal);
      if (call.signal.aborted) throw new EtcdError("canceled");
      const held = this.#keys.get(key);
      if (held?.writing !== undefined) {
        await held.writing;
        continue;
      }
      let end: () => void = () => undefined;
      if (held !== undefined) held.writing = new Promise((resolve) => (end = resolve));
      const given = new AbortController();
      const gone = this.#watch.gone(key, AbortSignal.any([call.signal, given.signal]));
      try {
        const answer = await this.#ask(
          {
            compare: [created(this.#prefix + key, CompareResult.LESS, (held?.revision ?? 0) + 1)],
            success: [op],
            failure: [this.#demand(key)],
          },
          call,
        );
        if (answer.succeeded) {
          if (held !== undefined && this.#keys.get(key) === held) done(held, answer.header);
          return answer;
        }
        if (this.#keys.get(key) === held) this.#keys.delete(key);
        await gone;
      } catch (error) {
        // The write may still happen. Without the mark, whoever takes the key next sees it, or prevents it.
        if (held !== undefined && this.#keys.get(key) === held) void this.#giveUp(key);
        throw error;
      } finally {
        given.abort();
        if (held !== undefined) held.writing = undefined;
        end();
      }
    }
  }

  /** Makes a transaction when nobody holds a key that it may write, this proxy included. */
  async #guarded(request: TxnRequest, call: ProxiedCall): Promise<Decoded<TxnResponse>> {
    const ranges: { readonly key: Key; readonly end: Key }[] = [];
    visitWrites(request, (key, end) => {
      if (key !== "" && !isEmptyRange(key, end)) ranges.push({ key: this.#prefix + key, end: this.#endOf(end) });
    });
    const compares = ranges.map(({ key, end }) => created(key, CompareResult.EQUAL, 0, end));
    const looks = ranges.map(
      ({ key, end }): RequestOp => ({
        request: { case: "requestRange", value: RangeRequest.create({ key, rangeEnd: end, keysOnly: true }) },
      }),
    );
    const whole: RequestOp = { request: { case: "requestTxn", value: request } };
    for (;;) {
      await this.#watch.ready(call.signal);
      if (call.signal.aborted) throw new EtcdError("canceled");
      const { header, succeeded, responses } = await this.#ask(
        { compare: compares, success: [whole], failure: looks },
        call,
      );
      const [first] = responses;
      if (succeeded) {
        const done = first?.response?.case === "responseTxn" ? first.response.value : TxnResponse.create();
        return { ...(done as Decoded<TxnResponse>), header };
      }
      const marks = responses.flatMap(({ response }) =>
        response?.case === "responseRange" ? (response.value.kvs as readonly Decoded<KeyValue>[]) : [],
      );
      await Promise.all(marks.map((mark) => this.#free(mark.key.slice(this.#prefix.length), call)));
    }
  }

  /** Makes a key free that somebody holds, and waits until it is. */
  async #free(key: Key, call: ProxiedCall): Promise<void> {
    const given = new AbortController();
    const gone = this.#watch.gone(key, AbortSignal.any([call.signal, given.signal]));
    try {
      const absent = [created(this.#prefix + key, CompareResult.EQUAL, 0)];
      const { succeeded } = await this.#ask({ compare: absent, success: [], failure: [this.#demand(key)] }, call);
      if (!succeeded) await gone;
    } finally {
      given.abort();
    }
  }

  #demand(key: Key): RequestOp {
    const value = PutRequest.create({ key: this.#prefix + key, value: Buffer.from(wanted), ignoreLease: true });
    return { request: { case: "requestPut", value } };
  }

  /**
   * Gives a key up: its mark is deleted, which others wait for.
   *
   * @param revision when somebody wanted it; a mark that was made later stays
   */
  async #giveUp(key: Key, revision = Number.MAX_SAFE_INTEGER): Promise<void> {
    const taking = this.#taking.get(key);
    if (taking !== undefined) taking.wantedAt = revision;
    const held = this.#keys.get(key);
    if (held !== undefined && held.revision > revision) return;
    this.#keys.delete(key);
    const now = this.#client.clock.now();
    for (const [other, at] of this.#givenUp) if (now - at >= givenUpMs) this.#givenUp.delete(other);
    this.#givenUp.set(key, now);
    const mark = this.#prefix + key;
    const compares = [created(mark, CompareResult.LESS, revision)];
    const remove: RequestOp = {
      request: { case: "requestDeleteRange", value: DeleteRangeRequest.create({ key: mark }) },
    };
    // With the session, the mark goes by itself.
    for (const { lease } = this.#watch; lease !== undefined && this.#watch.lease === lease; ) {
      try {
        await this.#client.txn({ compare: compares, success: [remove] }, { timeoutMs: callMsMax });
        return;
      } catch {
        await pause(this.#client.clock, retryMs);
      }
    }
  }

  #endOf(end: Key): Key {
    if (isOneKey(end)) return "";
    return end === openEnd ? prefixEnd(this.#prefix) : this.#prefix + end;
  }

  async #ask(request: TxnRequest, call: ProxiedCall): Promise<Decoded<TxnResponse>> {
    return TxnResponse.decode(await this.#next(Txn.path, TxnRequest.encode(request), call, "once"));
  }
}

function created(key: Key, result: CompareResult, revision: number, rangeEnd: Key = ""): Compare {
  const targetUnion = { case: "createRevision", value: revision } as const;
  return compare({ key, rangeEnd, result, target: CompareTarget.CREATE, targetUnion });
}

function compare(fields: Partial<Compare> & Pick<Compare, "key" | "target" | "targetUnion">): Compare {
  return { rangeEnd: "", result: CompareResult.EQUAL, ...fields };
}
