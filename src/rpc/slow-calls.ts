import { type Clock, formatDuration, type Logger } from "../base/index.js";
import { requestText } from "../server/index.js";
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  RangeRequest,
  RangeResponse,
  services,
  TxnRequest,
  TxnResponse,
  WireError,
} from "../wire/index.js";
import type { UnaryBinding } from "./binding.js";

/** How much was asked and answered; -1 where etcd does not say. */
interface Stats {
  readonly requested: number;
  readonly answered: number;
  readonly content: string;
}

type Describe = (request: Uint8Array, response: Uint8Array | undefined) => Stats;

const { Range, Put, DeleteRange, Txn } = services["etcdserverpb.KV"];

const describe: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  [
    Range.path,
    (request, response) => ({
      requested: 0,
      answered: response === undefined ? 0 : RangeResponse.decode(response).count,
      content: requestText(RangeRequest.decode(request)),
    }),
  ],
  [Put.path, (request) => ({ requested: 1, answered: 0, content: requestText(PutRequest.decode(request)) })],
  [
    DeleteRange.path,
    (request, response) => ({
      requested: 0,
      answered: response === undefined ? 0 : DeleteRangeResponse.decode(response).deleted,
      content: requestText(DeleteRangeRequest.decode(request)),
    }),
  ],
  [
    Txn.path,
    (request, response) => {
      const txn = TxnRequest.decode(request);
      const succeeded = response === undefined || TxnResponse.decode(response).succeeded;
      return { requested: (succeeded ? txn.success : txn.failure).length, answered: 0, content: requestText(txn) };
    },
  ],
]);

const unknownStats: Stats = { requested: -1, answered: -1, content: "" };

/** What cannot be read was refused for that, and is none of etcd's requests. */
function statsOf(describe: Describe | undefined, request: Uint8Array, response: Uint8Array | undefined): Stats {
  try {
    return describe?.(request, response) ?? unknownStats;
  } catch (error) {
    if (error instanceof WireError) return unknownStats;
    throw error;
  }
}

/** Says which calls took long to answer. Calls that may wait for others are not meant. */
export class SlowCalls {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #warnMs: number;

  constructor(clock: Clock, logger: Logger, warnMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#warnMs = warnMs;
  }

  /** When a call begins. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * A call is over.
   *
   * @param response undefined when it was refused
   * @param remote where its client is, if that is known
   */
  ended(
    { path, waits }: UnaryBinding,
    request: Uint8Array,
    response: Uint8Array | undefined,
    startedAt: number,
    remote: string,
  ): void {
    const tookMs = this.#clock.now() - startedAt;
    if (tookMs <= this.#warnMs || waits) return;
    const known = describe.get(path);
    const { requested, answered, content } = statsOf(known, request, response);
    this.#logger.warn("request stats", {
      "start time": new Date(this.#clock.wallTime() - tookMs).toISOString(),
      "time spent": formatDuration(tookMs),
      remote,
      "response type": path,
      "request count": requested,
      "request size": known === undefined ? -1 : request.length,
      "response count": answered,
      "response size": known === undefined ? -1 : (response?.length ?? 0),
      "request content": content,
    });
  }
}
