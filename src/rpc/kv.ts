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
import { type Binding, type UnaryHandler, unary } from "./binding.js";
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
    unary(Range, calls.range),
    unary(Put, calls.put),
    unary(DeleteRange, calls.deleteRange),
    unary(Txn, calls.txn),
    unary(Compact, (request, call) => server.compact(request, call)),
  ];
}
