import { type EtcdServer, LongRange, LongTxn } from "../../server/index.js";
import {
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  services,
  type TxnRequest,
} from "../../wire/index.js";
import { type Binding, type CallLog, logged, txnBound, type UnaryHandler, unary } from "../grpc/binding.js";
import { deleteRangeAnswer, txnAnswer } from "../grpc/held-answers.js";
import { rangeInParts, txnInParts } from "./long-answers.js";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "./requests.js";

type Writes = Pick<EtcdServer, "refuseGrowth" | "put" | "deleteRange">;

/** Keys for callers within this process, who get every answer in one piece. */
export type KvServer = Writes & Pick<EtcdServer, "range" | "txn">;
/** Keys for clients: an answer that is long is read while it is sent. */
export type KvAnswerer = Writes & Pick<EtcdServer, "answerRange" | "answerTxn" | "compact" | "header">;

/** What clients do with keys, checked as a client's own requests are. */
export interface KvCalls<RangeAnswer, TxnAnswer> {
  readonly range: (request: RangeRequest, call: Parameters<EtcdServer["range"]>[1]) => Promise<RangeAnswer>;
  readonly put: UnaryHandler<PutRequest, PutResponse>;
  readonly deleteRange: UnaryHandler<DeleteRangeRequest, DeleteRangeResponse>;
  readonly txn: (request: TxnRequest, call: Parameters<EtcdServer["txn"]>[1]) => Promise<TxnAnswer>;
}

export function kvCalls<RangeAnswer, TxnAnswer>(
  server: Writes,
  { range, txn }: Pick<KvCalls<RangeAnswer, TxnAnswer>, "range" | "txn">,
  maxTxnOps: number,
): KvCalls<RangeAnswer, TxnAnswer> {
  return {
    range(request, call) {
      checkRange(request);
      return range(request, call);
    },
    put(request, call) {
      const full = server.refuseGrowth({ put: request });
      if (full !== undefined) return full;
      checkPut(request);
      return server.put(request, call);
    },
    deleteRange(request, call) {
      checkDeleteRange(request);
      return server.deleteRange(request, call);
    },
    txn(request, call) {
      const full = server.refuseGrowth({ txn: request });
      if (full !== undefined) return full;
      checkTxn(request, maxTxnOps);
      return txn(request, call);
    },
  };
}

/** The methods of etcdserverpb.KV. */
export function kvBindings(server: KvAnswerer, maxTxnOps: number): readonly Binding[] {
  const { Range, Put, DeleteRange, Txn, Compact } = services["etcdserverpb.KV"];
  const reads = {
    range: (...asked: Parameters<KvAnswerer["answerRange"]>) => server.answerRange(...asked),
    txn: (...asked: Parameters<KvAnswerer["answerTxn"]>) => server.answerTxn(...asked),
  };
  const calls = kvCalls(server, reads, maxTxnOps);
  return [
    {
      ...logged(Range, calls.range, none, (_, answer, log) => {
        count(log, answer.count);
        if (answer instanceof LongRange) return rangeInParts(answer, server.header(answer.revision));
        return Range.response.encode(answer);
      }),
      reads: true,
    },
    logged(
      Put,
      calls.put,
      () => 1,
      (_, answer) => Put.response.encode(answer),
    ),
    logged(DeleteRange, calls.deleteRange, none, (_, answer, log) => {
      count(log, answer.deleted);
      return deleteRangeAnswer(answer);
    }),
    logged(
      Txn,
      calls.txn,
      ({ success }) => success.length,
      ({ failure }, answer, log) => {
        if (log !== undefined && !answer.succeeded) log.requestCount = failure.length;
        if (answer instanceof LongTxn) return txnInParts(answer, server.header(answer.revision));
        return txnAnswer(answer);
      },
      txnBound(maxTxnOps),
    ),
    unary(Compact, (request, call) => server.compact(request, call)),
  ];
}

const none = (): number => 0;

function count(log: CallLog | undefined, answered: number): void {
  if (log !== undefined) log.responseCount = answered;
}
