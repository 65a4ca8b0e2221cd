import { GrpcCode } from "../../base/index.js";
import { CallError } from "../../rpc/index.js";
import { revisionOf } from "./answer-revision.js";
import type { KvCall } from "./kv-bindings.js";

/** How often each member may answer with an older revision before a read fails, as in etcd's proxy. */
const roundsMax = 5;

/**
 * Requests about keys whose answers never go back in time: an answer with an older revision than an earlier one comes
 * from a member that lags behind, and another member is asked. A write is not repeated, since its answer is the newest.
 *
 * @param members the number of members
 */
export function ordered(next: KvCall, members: () => number): KvCall {
  let newest = 0;
  return async (path, request, call, repeatable) => {
    const before = newest;
    for (let tries = roundsMax * members(); tries >= 0; tries--) {
      const answer = await next(path, request, call, repeatable);
      const revision = revisionOf(answer);
      newest = Math.max(newest, revision);
      if (revision >= before || repeatable === "once") return answer;
    }
    const details = "etcdclient: no cluster members have a revision higher than the previously received revision";
    throw new CallError(GrpcCode.Unknown, details);
  };
}
