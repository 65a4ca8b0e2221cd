import { checkTxnPermission, isReadOnly, isSerializable, readRange, readTxn } from "../apply/index.js";
import type { Backend } from "../backend/index.js";
import type { Clock, Logger } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Store } from "../mvcc/index.js";
import {
  type CompactionRequest,
  type CompactionResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type PutRequest,
  type PutResponse,
  RangeRequest,
  type RangeResponse,
  type TxnRequest,
  type TxnResponse,
} from "../wire/index.js";
import type { Access } from "./access.js";
import type { Call } from "./call.js";
import type { Headers } from "./headers.js";
import type { ServerCounters } from "./metrics.js";
import { type Proposer, responseOf } from "./proposer.js";
import type { ReadIndex } from "./read-index.js";

export interface KvServiceConfig {
  readonly backend: Backend;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly access: Access;
  readonly proposer: Proposer;
  readonly readIndex: ReadIndex;
  readonly headers: Headers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly warningApplyDurationMs: number;
}

/** What clients do with keys. Writes go through the log; reads are served from this member's own store. */
export class KvService {
  readonly #config: KvServiceConfig;

  constructor(config: KvServiceConfig) {
    this.#config = config;
  }

  /** A large range is read in turns, at one revision; other requests get theirs in between. */
  async range(request: RangeRequest, call: Call): Promise<RangeResponse> {
    const { store, access, readIndex, headers, counters } = this.#config;
    if (!request.serializable) await readIndex.wait(call);
    counters.ranges++;
    const response = await access.guardedRead(
      call,
      (who) => access.auth.checkRead(who, request.key, request.rangeEnd),
      () => this.#timed("read-only range ", () => readRange(store, request, call)),
    );
    return { ...response, header: headers.at(response.header?.revision) };
  }

  /** Whether a read of this member works, for whoever looks after it: it tells nothing of what is stored. */
  async probe(serializable: boolean, call: Call): Promise<void> {
    const { store, readIndex } = this.#config;
    if (!serializable) await readIndex.wait(call);
    await readRange(store, RangeRequest.create({ keysOnly: true, limit: 1, serializable }), call);
  }

  async put(request: PutRequest, call: Call): Promise<PutResponse> {
    const { proposer, headers } = this.#config;
    const response = responseOf(await proposer.propose({ put: request }, call), "put");
    return { ...response, header: headers.at(response.header?.revision) };
  }

  async deleteRange(request: DeleteRangeRequest, call: Call): Promise<DeleteRangeResponse> {
    const { proposer, headers } = this.#config;
    const response = responseOf(await proposer.propose({ deleteRange: request }, call), "deleteRange");
    return { ...response, header: headers.at(response.header?.revision) };
  }

  async txn(request: TxnRequest, call: Call): Promise<TxnResponse> {
    const { proposer, headers, counters } = this.#config;
    counters.txns++;
    const response = isReadOnly(request)
      ? await this.#readOnlyTxn(request, call)
      : responseOf(await proposer.propose({ txn: request }, call), "txn");
    return { ...response, header: headers.at(response.header?.revision) };
  }

  /**
   * Answers when the revisions cannot be read any more; `physical`: when they are also gone from the disk.
   *
   * @param call absent when the member does it by itself
   */
  async compact(request: CompactionRequest, call?: Call): Promise<CompactionResponse> {
    const { proposer, access, backend, store, headers } = this.#config;
    if (call !== undefined) await access.requireAdmin(call);
    const applied = await proposer.propose({ compaction: request }, call);
    if (request.physical) {
      await applied.done;
      // Else a crash could bring removed revisions back, and the hash of the history with them.
      await backend.commit();
    }
    return { ...responseOf(applied, "compaction"), header: headers.at(store.revision) };
  }

  async #readOnlyTxn(request: TxnRequest, call: Call): Promise<TxnResponse> {
    const { store, lessor, access, readIndex } = this.#config;
    if (!isSerializable(request)) await readIndex.wait(call);
    return await access.guardedRead(
      call,
      (who) => checkTxnPermission(access.auth, lessor, who, request),
      () => this.#timed("read-only txn ", () => readTxn(store, request, call)),
    );
  }

  async #timed<Response>(prefix: string, read: () => Promise<Response>): Promise<Response> {
    const { clock, counters, logger, warningApplyDurationMs } = this.#config;
    const startedAt = clock.now();
    try {
      return await read();
    } finally {
      const took = clock.now() - startedAt;
      if (took > warningApplyDurationMs) {
        counters.slowApplies++;
        const fields = { "took-ms": took, "expected-duration-ms": warningApplyDurationMs, prefix };
        logger.warn("apply request took too long", fields);
      }
    }
  }
}
