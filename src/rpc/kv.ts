import type { EtcdServer } from "../server/index.js";
import {
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  services,
  type TxnRequest,
  type TxnResponse,
} from "../wire/index.js";
import { type Binding, type CallLog, logged, type UnaryHandler, unary } from "./binding.js";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "./requests.js";

export type KvServer = Pick<EtcdServer, "refuseGrowth" | "range" | "put" | "deleteRange" | "txn" | "compact">;

/** What clients do with keys, checked as a client's own requests are. */
export interface KvCalls {
  readonly range: UnaryHandler<RangeRequest, RangeResponse>;
  readonly put: UnaryHandler<PutRequest, PutResponse>;
  readonly deleteRange: UnaryHandler<DeleteRangeRequest, DeleteRangeResponse>;
  readonly txn: UnaryHandler<TxnRequest, TxnResponse>;
}

export function kvCalls(server: Omit<KvServer, "compact">, maxTxnOps: number): KvCalls {
  return {
    range(request, call) {
      checkRange(request);
      return server.range(request, call);
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
      return server.txn(request, call);
    },
  };
}

/** etcdserverpb.KV */
export function kvBindings(server: KvServer, maxTxnOps: number): readonly Binding[] {
  const { Range, Put, DeleteRange, Txn, Compact } = services["etcdserverpb.KV"];
  const calls = kvCalls(server, maxTxnOps);
  return [
    logged(Range, calls.range, none, (_, answer, log) => {
      count(log, answer.count);
      return Range.response.encode(answer);
    }),
    logged(
      Put,
      calls.put,
      () => 1,
      (_, answer) => Put.response.encode(answer),
    ),
    logged(DeleteRange, calls.deleteRange, none, (_, answer, log) => {
      count(log, answer.deleted);
      return DeleteRange.response.encode(answer);
    }),
    logged(
      Txn,
      calls.txn,
      ({ success }) => success.length,
      ({ failure }, answer, log) => {
        if (log !== undefined && !answer.succeeded) log.requestCount = failure.length;
        return Txn.response.encode(answer);
      },
    ),
    unary(Compact, (request, call) => server.compact(request, call)),
  ];
}

const none = (): number => 0;

function count(log: CallLog | undefined, answered: number): void {
  if (log !== undefined) log.responseCount = answered;
}
