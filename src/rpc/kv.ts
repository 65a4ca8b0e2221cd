import type { EtcdServer } from "../server/index.js";
import { services } from "../wire/index.js";
import { type Binding, unary } from "./binding.js";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "./requests.js";

export type KvServer = Pick<EtcdServer, "refuseGrowth" | "range" | "put" | "deleteRange" | "txn" | "compact">;

/** etcdserverpb.KV */
export function kvBindings(server: KvServer, maxTxnOps: number): readonly Binding[] {
  const { Range, Put, DeleteRange, Txn, Compact } = services["etcdserverpb.KV"];
  return [
    unary(Range, (request, call) => {
      checkRange(request);
      return server.range(request, call);
    }),
    unary(Put, (request, call) => {
      const full = server.refuseGrowth({ put: request });
      if (full !== undefined) return full;
      checkPut(request);
      return server.put(request, call);
    }),
    unary(DeleteRange, (request, call) => {
      checkDeleteRange(request);
      return server.deleteRange(request, call);
    }),
    unary(Txn, (request, call) => {
      const full = server.refuseGrowth({ txn: request });
      if (full !== undefined) return full;
      checkTxn(request, maxTxnOps);
      return server.txn(request, call);
    }),
    unary(Compact, (request, call) => server.compact(request, call)),
  ];
}
