import {
  admitRanges,
  applyRange,
  type Carried,
  ChunkRoom,
  checkTxnPermission,
  hasRanges,
  isReadOnly,
  isSerializable,
  LongRange,
  LongTxn,
  RangeStream,
  type ReadContext,
  readRange,
  readTxn,
  wholeRange,
  wholeTxn,
} from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import { asError, type Clock, isOneKey, LoopTurn, type MemoryPot } from "../../base/index.js";
import type { Lessor } from "../../lease/index.js";
import type { Store } from "../../mvcc/index.js";
import {
  type CompactionRequest,
  type CompactionResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type PutRequest,
  type PutResponse,
  RangeRequest,
  type RangeResponse,
  TxnRequest,
  type TxnResponse,
} from "../../wire/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import type { Headers } from "../calls/headers.js";
import type { SlowRequests } from "../calls/slow-requests.js";
import type { ServerCounters } from "../counters.js";
import { type Proposer, responseOf } from "../log/proposer.js";
import type { ReadIndex } from "../log/read-index.js";
import { GuardedStream } from "./guarded-stream.js";
import { checkDeleteRange, checkPut, checkRange, checkRangeStream, checkTxn } from "./request-checks.js";
import type { SpaceGuard } from "./space-guard.js";

const agreement = "agreement among raft nodes before linearized reading";
const raftRequest = "process raft request";

export interface KvServiceConfig {
  readonly backend: Backend;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly access: Access;
  readonly proposer: Proposer;
  readonly readIndex: ReadIndex;
  readonly headers: Headers;
  readonly clock: Clock;
  readonly counters: ServerCounters;
  readonly slow: SlowRequests;
  readonly space: Pick<SpaceGuard, "refusal">;
  /** The maximum number of operations in a transaction. */
  readonly maxTxnOps: number;
  /** The maximum length of a request, which is also the length that chunks of a few streams should have. */
  readonly maxRequestBytes: number;
  /** The account for the results of reads. */
  readonly memory: MemoryPot;
}

/** An answer with more bytes of pairs is read in parts while it is sent. */
const shortBytesMax = 256 * 1024;

/**
 * Reads and writes of keys, for clients and for callers in this process. Every request is checked here. Writes go
 * through the log; reads are served from this member's own store.
 */
export class KvService {
  readonly #config: KvServiceConfig;
  readonly #turn: LoopTurn;
  readonly #chunkRoom: ChunkRoom;

  constructor(config: KvServiceConfig) {
    this.#config = config;
    this.#turn = LoopTurn.of(config.clock);
    this.#chunkRoom = new ChunkRoom(config.maxRequestBytes);
  }

  async range(request: RangeRequest, call: Call): Promise<RangeResponse> {
    const answer = await wholeRange(await this.answerRange(request, call));
    return { ...answer, header: this.#config.headers.at(answer.header?.revision) };
  }

  /** Like `range`, but a long answer is returned as a `LongRange`, which reads its pairs at one revision on demand. */
  async answerRange(request: RangeRequest, call: Call): Promise<RangeResponse | LongRange> {
    checkRange(request);
    const { access, clock, readIndex, headers, counters, slow } = this.#config;
    const startedAt = clock.now();
    let success = false;
    try {
      if (!request.serializable) await readIndex.wait(call);
      // A ReadIndex round releases many reads at once, so they wait for a turn of the event loop that has time.
      if (this.#turn.over) await this.#turn.pause(call.client, request.rangeEnd === "" ? "short" : "long");
      const agreedAt = clock.now();
      counters.ranges++;
      // Nearly all reads are of one key, by a member without users: those make no closure and no further promise.
      const answer = access.auth.enabled
        ? await access.guardedRead(
            call,
            (who) => access.auth.checkRead(who, request.key, request.rangeEnd),
            async () => await this.#readRange(request, call),
            (refused) => refused instanceof LongRange && refused.close(),
          )
        : await this.#readRange(request, call);
      if (slow.isLong(startedAt)) {
        const long = answer instanceof LongRange;
        const pairs = long ? answer.pairCount : answer.kvs.length;
        const responseRevision = (long ? answer.revision : answer.header?.revision) ?? 0;
        const detail = { rangeBegin: request.key, rangeEnd: request.rangeEnd, responseCount: pairs, responseRevision };
        const steps = [[agreement, agreedAt] as const, ["range keys and assemble the response", clock.now()] as const];
        slow.trace("range", detail, startedAt, steps);
      }
      success = true;
      if (answer instanceof LongRange) return answer;
      return { ...answer, header: headers.at(answer.header?.revision) };
    } finally {
      counters.countRequest("Range", success, (clock.now() - startedAt) / 1_000);
    }
  }

  /** Opens the answer of a range as a stream of chunks, which are read on demand, all at one revision. */
  async streamRange(request: RangeRequest, call: Call): Promise<GuardedStream> {
    checkRangeStream(request);
    const { access, counters, memory, readIndex, store, clock } = this.#config;
    if (!request.serializable) await readIndex.wait(call);
    if (this.#turn.over) await this.#turn.pause(call.client, "long");
    const check = await access.guardedStream(call, (who) => access.auth.checkRead(who, request.key, request.rangeEnd));
    const range = new RangeStream(store, request, { asker: call, memory, room: this.#chunkRoom });
    return new GuardedStream(range, check, clock, counters);
  }

  /**
   * Makes a read for health checks. It needs no rights, since it returns nothing of the data. Raft is asked even when
   * this member is alone, since a member whose disk hangs is not healthy.
   */
  async probe(serializable: boolean, call: Call): Promise<void> {
    const { store, readIndex } = this.#config;
    if (!serializable) await readIndex.confirm(call);
    await readRange(store, RangeRequest.create({ keysOnly: true, limit: 1, serializable }), this.#contextOf(call));
  }

  /** Not an async function: with a further promise, each write would cost several hundred bytes more. */
  put(request: PutRequest, call: Call): Promise<PutResponse> {
    const { clock, proposer, space } = this.#config;
    const proposal = { put: request };
    // As in etcd, a full store is reported before any other error of the request.
    const full = space.refusal(proposal);
    if (full !== undefined) return full;
    try {
      checkPut(request);
    } catch (error) {
      return Promise.reject(asError(error));
    }
    const startedAt = clock.now();
    return proposer.propose(proposal, call).then((carried) => this.#putAnswer(request, carried, startedAt));
  }

  #putAnswer(request: PutRequest, carried: Carried, startedAt: number): PutResponse {
    const { clock, headers, slow } = this.#config;
    const { header, prevKv } = responseOf(carried, "put");
    if (slow.isLong(startedAt)) {
      const { key, value } = request;
      const detail = { key, valueSize: value.length, responseCount: 0, responseRevision: header?.revision ?? 0 };
      slow.trace("put", detail, startedAt, [[raftRequest, clock.now()]]);
    }
    return { header: headers.at(header?.revision), prevKv };
  }

  async deleteRange(request: DeleteRangeRequest, call: Call): Promise<DeleteRangeResponse> {
    checkDeleteRange(request);
    const { headers, proposer } = this.#config;
    // The size of the answer is estimated as for a transaction with this single operation.
    const alone = TxnRequest.create({ success: [{ request: { case: "requestDeleteRange", value: request } }] });
    const propose = () => proposer.propose({ deleteRange: request }, call);
    const response = responseOf(await this.#withMemory(alone, call, propose), "deleteRange");
    return { ...response, header: headers.at(response.header?.revision) };
  }

  async txn(request: TxnRequest, call: Call): Promise<TxnResponse> {
    const answer = await wholeTxn(await this.answerTxn(request, call));
    return { ...answer, header: this.#config.headers.at(answer.header?.revision) };
  }

  /** Like `txn`, but the long answer of a read-only transaction is returned as a `LongTxn`. */
  async answerTxn(request: TxnRequest, call: Call): Promise<TxnResponse | LongTxn> {
    const { clock, headers, counters, slow, space, maxTxnOps } = this.#config;
    const full = space.refusal({ txn: request });
    if (full !== undefined) return await full;
    checkTxn(request, maxTxnOps);
    const startedAt = clock.now();
    counters.txns++;
    const readOnly = isReadOnly(request);
    const answer = readOnly ? await this.#readOnlyTxn(request, call) : await this.#proposeTxn(request, call);
    if (slow.isLong(startedAt)) {
      const long = answer instanceof LongTxn;
      const responseCount = (long ? answer.ranges : answer.responses).length;
      const responseRevision = (long ? answer.revision : answer.header?.revision) ?? 0;
      slow.trace("transaction", { readOnly, responseCount, responseRevision }, startedAt, [[raftRequest, clock.now()]]);
    }
    if (answer instanceof LongTxn) return answer;
    return { ...answer, header: headers.at(answer.header?.revision) };
  }

  /**
   * Compacts the history. It answers when the revisions can no longer be read, with `physical` when they are also
   * removed from the database.
   */
  async compact(request: CompactionRequest, call: Call): Promise<CompactionResponse> {
    const { proposer, access, backend, store, headers } = this.#config;
    await access.requireAdmin(call);
    const applied = await proposer.propose({ compaction: request }, call);
    if (request.physical) {
      await applied.done;
      // Commit the removal before answering. Otherwise a crash could restore removed revisions and change the hash of
      // the history.
      await backend.commit();
    }
    return { ...responseOf(applied, "compaction"), header: headers.at(store.revision) };
  }

  async #proposeTxn(request: TxnRequest, call: Call): Promise<TxnResponse> {
    const propose = () => this.#config.proposer.propose({ txn: request }, call);
    return responseOf(await this.#withMemory(request, call, propose), "txn");
  }

  /**
   * Reserves memory for long ranges in the answer before the request is proposed, since its application cannot fail.
   */
  #withMemory<Result>(request: TxnRequest, call: Call, propose: () => Promise<Result>): Promise<Result> {
    return hasRanges(request) ? this.#withMemoryForRanges(request, call, propose) : propose();
  }

  async #withMemoryForRanges<Result>(request: TxnRequest, call: Call, propose: () => Promise<Result>): Promise<Result> {
    // A client may send hundreds of such requests at once. Their work would follow in one turn of the event loop.
    if (this.#turn.over) await this.#turn.pause(call.client);
    const heldBytes = await this.#admitRanges(request, call);
    try {
      if (this.#turn.over) await this.#turn.pause(call.client);
      return await propose();
    } finally {
      this.#config.memory.release(heldBytes);
    }
  }

  /**
   * Reserves memory for the ranges, after checking the user's rights: a refusal would reveal the length of the ranges.
   */
  async #admitRanges(request: TxnRequest, call: Call): Promise<number> {
    const { access, lessor, memory, store } = this.#config;
    return await access.guardedRead(
      call,
      (who) => checkTxnPermission(access.auth, lessor, who, request),
      () => admitRanges(store, request, memory, call),
      (bytes) => memory.release(bytes),
    );
  }

  async #readOnlyTxn(request: TxnRequest, call: Call): Promise<TxnResponse | LongTxn> {
    const { clock, counters, lessor, access, readIndex } = this.#config;
    if (!isSerializable(request)) await readIndex.wait(call);
    if (this.#turn.over) await this.#turn.pause(call.client, hasRanges(request) ? "long" : "short");
    // As in etcd, the wait for the agreement does not count.
    const startedAt = clock.now();
    let success = false;
    try {
      const answer = await access.guardedRead(
        call,
        (who) => checkTxnPermission(access.auth, lessor, who, request),
        () => this.#readTxn(request, call),
        (refused) => refused instanceof LongTxn && refused.close(),
      );
      success = true;
      return answer;
    } finally {
      counters.countRequest("ReadonlyTxn", success, (clock.now() - startedAt) / 1_000);
    }
  }

  #readRange(request: RangeRequest, call: Call): RangeResponse | Promise<RangeResponse | LongRange> {
    if (!isOneKey(request.rangeEnd)) return this.#readKeys(request, call);
    const ahead =
      request.countOnly || request.keysOnly ? undefined : this.#config.store.ahead(request.key, request.revision);
    return ahead === undefined ? this.#readOneKey(request) : ahead.then(() => this.#readOneKey(request));
  }

  #readOneKey(request: RangeRequest): RangeResponse {
    const { clock, slow, store } = this.#config;
    const startedAt = clock.now();
    let answer: RangeResponse | undefined;
    try {
      answer = applyRange(store, request);
      return answer;
    } finally {
      slow.range(request, answer, startedAt);
    }
  }

  async #readKeys(request: RangeRequest, call: Call): Promise<RangeResponse | LongRange> {
    const { clock, slow, store } = this.#config;
    const startedAt = clock.now();
    let answer: RangeResponse | LongRange | undefined;
    try {
      answer = await readRange(store, request, this.#contextOf(call));
      return answer;
    } finally {
      slow.range(request, answer, startedAt);
    }
  }

  async #readTxn(request: TxnRequest, call: Call): Promise<TxnResponse | LongTxn> {
    const { clock, slow, store } = this.#config;
    const startedAt = clock.now();
    let answer: TxnResponse | LongTxn | undefined;
    try {
      answer = await readTxn(store, request, this.#contextOf(call));
      return answer;
    } finally {
      slow.readOnlyTxn(request, answer, startedAt);
    }
  }

  #contextOf(asker: Call): ReadContext {
    return { asker, memory: this.#config.memory, shortBytesMax };
  }
}
