import { checkTxnPermission, isReadOnly, isSerializable, readRange, readTxn } from "../apply/index.js";
import type { Backend } from "../backend/index.js";
import type { Clock } from "../base/index.js";
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
import type { SlowRequests } from "./slow-requests.js";

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
}

/** What clients do with keys. Writes go through the log; reads are served from this member's own store. */
export class KvService {
  readonly #config: KvServiceConfig;

  constructor(config: KvServiceConfig) {
    this.#config = config;
  }

  /** A large range is read in turns, at one revision; other requests get theirs in between. */
  async range(request: RangeRequest, call: Call): Promise<RangeResponse> {
    const { access, clock, readIndex, headers, counters, slow } = this.#config;
    const startedAt = clock.now();
    if (!request.serializable) await readIndex.wait(call);
    const agreedAt = clock.now();
    counters.ranges++;
    const response = await access.guardedRead(
      call,
      (who) => access.auth.checkRead(who, request.key, request.rangeEnd),
      () => this.#readRange(request, call),
    );
    if (slow.isLong(startedAt)) {
      const detail = { rangeBegin: request.key, rangeEnd: request.rangeEnd, ...outcome(response.kvs.length, response) };
      const steps = [[agreement, agreedAt] as const, ["range keys and assemble the response", clock.now()] as const];
      slow.trace("range", detail, startedAt, steps);
    }
    return { ...response, header: headers.at(response.header?.revision) };
  }

  /** Whether a read of this member works, for whoever looks after it: it tells nothing of what is stored. */
  async probe(serializable: boolean, call: Call): Promise<void> {
    const { store, readIndex } = this.#config;
    if (!serializable) await readIndex.wait(call);
    await readRange(store, RangeRequest.create({ keysOnly: true, limit: 1, serializable }), call);
  }

  async put(request: PutRequest, call: Call): Promise<PutResponse> {
    const { clock, proposer, headers, slow } = this.#config;
    const startedAt = clock.now();
    const response = responseOf(await proposer.propose({ put: request }, call), "put");
    if (slow.isLong(startedAt)) {
      const detail = { key: request.key, valueSize: request.value.length, ...outcome(0, response) };
      slow.trace("put", detail, startedAt, [[raftRequest, clock.now()]]);
    }
    return { ...response, header: headers.at(response.header?.revision) };
  }

  async deleteRange(request: DeleteRangeRequest, call: Call): Promise<DeleteRangeResponse> {
    const { proposer, headers } = this.#config;
    const response = responseOf(await proposer.propose({ deleteRange: request }, call), "deleteRange");
    return { ...response, header: headers.at(response.header?.revision) };
  }

  async txn(request: TxnRequest, call: Call): Promise<TxnResponse> {
    const { clock, proposer, headers, counters, slow } = this.#config;
    const startedAt = clock.now();
    counters.txns++;
    const response = isReadOnly(request)
      ? await this.#readOnlyTxn(request, call)
      : responseOf(await proposer.propose({ txn: request }, call), "txn");
    if (slow.isLong(startedAt)) {
      const detail = { readOnly: isReadOnly(request), ...outcome(response.responses.length, response) };
      slow.trace("transaction", detail, startedAt, [[raftRequest, clock.now()]]);
    }
    return { ...response, header: headers.at(response.header?.revision) };
  }

  /**
   * Answers when the revisions cannot be read any more; `physical`: when they are also gone from the disk.
   */
  async compact(request: CompactionRequest, call: Call): Promise<CompactionResponse> {
    const { proposer, access, backend, store, headers } = this.#config;
    await access.requireAdmin(call);
    const applied = await proposer.propose({ compaction: request }, call);
    if (request.physical) {
      await applied.done;
      // Else a crash could bring removed revisions back, and the hash of the history with them.
      await backend.commit();
    }
    return { ...responseOf(applied, "compaction"), header: headers.at(store.revision) };
  }

  async #readOnlyTxn(request: TxnRequest, call: Call): Promise<TxnResponse> {
    const { lessor, access, readIndex } = this.#config;
    if (!isSerializable(request)) await readIndex.wait(call);
    return await access.guardedRead(
      call,
      (who) => checkTxnPermission(access.auth, lessor, who, request),
      () => this.#readTxn(request, call),
    );
  }

  async #readRange(request: RangeRequest, call: Call): Promise<RangeResponse> {
    const { clock, slow, store } = this.#config;
    const startedAt = clock.now();
    let response: RangeResponse | undefined;
    try {
      response = await readRange(store, request, call);
      return response;
    } finally {
      slow.range(request, response, startedAt);
    }
  }

  async #readTxn(request: TxnRequest, call: Call): Promise<TxnResponse> {
    const { clock, slow, store } = this.#config;
    const startedAt = clock.now();
    let response: TxnResponse | undefined;
    try {
      response = await readTxn(store, request, call);
      return response;
    } finally {
      slow.readOnlyTxn(request, response, startedAt);
    }
  }
}

function outcome(responseCount: number, { header }: Pick<RangeResponse, "header">) {
  return { responseCount, responseRevision: header?.revision ?? 0 };
}
