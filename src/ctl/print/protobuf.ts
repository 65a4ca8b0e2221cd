import { bytesOfArray, ExitCode, Failure, print, unsupported } from "../../cli/index.js";
import {
  AlarmResponse,
  AuthRoleGetResponse,
  AuthRoleListResponse,
  AuthStatusResponse,
  AuthUserAddResponse,
  AuthUserGetResponse,
  AuthUserListResponse,
  DeleteRangeResponse,
  DowngradeResponse,
  MemberAddResponse,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  TxnResponse,
  WatchResponse,
} from "../../wire/index.js";
import type { Answer } from "./answer.js";

/** Prints the encoded message and nothing else. @throws Failure for answers that are no single message */
export function printProtobuf(answer: Answer): void {
  print(bytesOfArray(bytesOf(answer)));
}

function bytesOf(answer: Answer): Uint8Array {
  switch (answer.kind) {
    case "put":
      return PutResponse.encode(answer.response);
    case "get":
      return RangeResponse.encode(answer.response);
    case "del":
      return DeleteRangeResponse.encode(answer.response);
    case "txn":
      return TxnResponse.encode(answer.response);
    case "watch":
      // Go's client drops the watch id and the cancel reason.
      return WatchResponse.encode({ ...answer.response, watchId: 0n, cancelReason: "", fragment: false });
    // Go's client keeps these responses in types of its own, of which only the header can be encoded.
    case "grant":
    case "keepAlive":
    case "timeToLive":
    case "leases":
      return answer.response.header === undefined ? new Uint8Array(0) : ResponseHeader.encode(answer.response.header);
    case "revoke":
      throw revoked(answer.response.header);
    case "memberAdd":
      return MemberAddResponse.encode(answer.response);
    case "memberRemove":
    case "memberUpdate":
    case "memberPromote":
    case "members":
      return MemberListResponse.encode(answer.response);
    case "alarms":
      return AlarmResponse.encode(answer.response);
    case "downgrade":
      return DowngradeResponse.encode(answer.response);
    case "moveLeader":
    case "done":
      return AuthUserAddResponse.encode({ header: answer.response.header });
    case "role":
      return AuthRoleGetResponse.encode(answer.response);
    case "roles":
      return AuthRoleListResponse.encode(answer.response);
    case "user":
      return AuthUserGetResponse.encode(answer.response);
    case "users":
      return AuthUserListResponse.encode(answer.response);
    case "authStatus":
      return AuthStatusResponse.encode(answer.response);
    default:
      throw unsupported("protobuf");
  }
}

/** etcdctl cannot encode the answer of a revocation, and reports that after the lease was revoked. */
function revoked(header: ResponseHeader | undefined): Failure {
  const shown = [
    ["cluster_id", header?.clusterId],
    ["member_id", header?.memberId],
    ["revision", header?.revision],
    ["raft_term", header?.raftTerm],
  ].flatMap(([name, value]) => (value === undefined || Number(value) === 0 ? [] : [`${name}:${value} `]));
  const text = `marshal unsupported for type clientv3.LeaseRevokeResponse ({${shown.join("")} {} [] 0})`;
  return new Failure(ExitCode.BadFeature, text);
}
