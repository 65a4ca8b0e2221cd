// Written by `npm run generate` from proto/; changes belong there.
import type { FileSchema } from "../schema.js";

export const files: readonly FileSchema[] = [
  {
    name: "kv.proto",
    package: "mvccpb",
    imports: [],
    enums: [
      {
        name: "mvccpb.Event.EventType",
        values: [
          ["PUT", 0],
          ["DELETE", 1],
        ],
      },
    ],
    messages: [
      {
        name: "mvccpb.KeyValue",
        comment: "The state of a key after a revision. The store writes the same bytes to disk.",
        fields: [
          { name: "key", number: 1, scalar: "bytes" },
          { name: "create_revision", number: 2, scalar: "int64" },
          { name: "mod_revision", number: 3, scalar: "int64" },
          { name: "version", number: 4, scalar: "int64" },
          { name: "value", number: 5, scalar: "bytes" },
          { name: "lease", number: 6, scalar: "int64" },
        ],
      },
      {
        name: "mvccpb.Event",
        comment: "A change of a key, as watchers get it.",
        fields: [
          { name: "type", number: 1, enum: "mvccpb.Event.EventType" },
          { name: "kv", number: 2, message: "mvccpb.KeyValue" },
          { name: "prev_kv", number: 3, message: "mvccpb.KeyValue" },
        ],
      },
    ],
    services: [],
  },
  {
    name: "auth.proto",
    package: "authpb",
    imports: [],
    enums: [
      {
        name: "authpb.Permission.Type",
        values: [
          ["READ", 0],
          ["WRITE", 1],
          ["READWRITE", 2],
        ],
      },
    ],
    messages: [
      {
        name: "authpb.UserAddOptions",
        fields: [
          { name: "no_password", number: 1, scalar: "bool" },
        ],
      },
      {
        name: "authpb.User",
        comment: "A row of the bucket of users.",
        fields: [
          { name: "name", number: 1, scalar: "bytes" },
          { name: "password", number: 2, scalar: "bytes" },
          { name: "roles", number: 3, scalar: "string", repeated: true },
          { name: "options", number: 4, message: "authpb.UserAddOptions" },
        ],
      },
      {
        name: "authpb.Role",
        comment: "A row of the bucket of roles.",
        fields: [
          { name: "name", number: 1, scalar: "bytes" },
          { name: "keyPermission", number: 2, message: "authpb.Permission", repeated: true },
        ],
      },
      {
        name: "authpb.Permission",
        fields: [
          { name: "permType", number: 1, enum: "authpb.Permission.Type" },
          { name: "key", number: 2, scalar: "bytes" },
          { name: "range_end", number: 3, scalar: "bytes" },
        ],
      },
    ],
    services: [],
  },
  {
    name: "rpc.proto",
    package: "etcdserverpb",
    imports: ["auth.proto", "kv.proto"],
    enums: [
      {
        name: "etcdserverpb.AlarmType",
        values: [
          ["NONE", 0],
          ["NOSPACE", 1],
          ["CORRUPT", 2],
        ],
      },
      {
        name: "etcdserverpb.RangeRequest.SortOrder",
        values: [
          ["NONE", 0],
          ["ASCEND", 1],
          ["DESCEND", 2],
        ],
      },
      {
        name: "etcdserverpb.RangeRequest.SortTarget",
        values: [
          ["KEY", 0],
          ["VERSION", 1],
          ["CREATE", 2],
          ["MOD", 3],
          ["VALUE", 4],
        ],
      },
      {
        name: "etcdserverpb.Compare.CompareResult",
        values: [
          ["EQUAL", 0],
          ["GREATER", 1],
          ["LESS", 2],
          ["NOT_EQUAL", 3],
        ],
      },
      {
        name: "etcdserverpb.Compare.CompareTarget",
        values: [
          ["VERSION", 0],
          ["CREATE", 1],
          ["MOD", 2],
          ["VALUE", 3],
          ["LEASE", 4],
        ],
      },
      {
        name: "etcdserverpb.WatchCreateRequest.FilterType",
        values: [
          ["NOPUT", 0],
          ["NODELETE", 1],
        ],
      },
      {
        name: "etcdserverpb.AlarmRequest.AlarmAction",
        values: [
          ["GET", 0],
          ["ACTIVATE", 1],
          ["DEACTIVATE", 2],
        ],
      },
      {
        name: "etcdserverpb.DowngradeRequest.DowngradeAction",
        values: [
          ["VALIDATE", 0],
          ["ENABLE", 1],
          ["CANCEL", 2],
        ],
      },
    ],
    messages: [
      {
        name: "etcdserverpb.ResponseHeader",
        comment: "The header of every answer, with its sender and its revision.",
        fields: [
          { name: "cluster_id", number: 1, scalar: "uint64" },
          { name: "member_id", number: 2, scalar: "uint64" },
          { name: "revision", number: 3, scalar: "int64" },
          { name: "raft_term", number: 4, scalar: "uint64" },
        ],
      },
      {
        name: "etcdserverpb.RangeRequest",
        fields: [
          { name: "key", number: 1, scalar: "bytes" },
          { name: "range_end", number: 2, scalar: "bytes" },
          { name: "limit", number: 3, scalar: "int64" },
          { name: "revision", number: 4, scalar: "int64" },
          { name: "sort_order", number: 5, enum: "etcdserverpb.RangeRequest.SortOrder" },
          { name: "sort_target", number: 6, enum: "etcdserverpb.RangeRequest.SortTarget" },
          { name: "serializable", number: 7, scalar: "bool" },
          { name: "keys_only", number: 8, scalar: "bool" },
          { name: "count_only", number: 9, scalar: "bool" },
          { name: "min_mod_revision", number: 10, scalar: "int64" },
          { name: "max_mod_revision", number: 11, scalar: "int64" },
          { name: "min_create_revision", number: 12, scalar: "int64" },
          { name: "max_create_revision", number: 13, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.RangeResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "kvs", number: 2, message: "mvccpb.KeyValue", repeated: true },
          { name: "more", number: 3, scalar: "bool" },
          { name: "count", number: 4, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.RangeStreamResponse",
        comment: "Some keys of a range, in key order; since 3.7. Only the last message of a stream has `header`, `more` and `count`, so that all messages merged are what Range would answer.",
        fields: [
          { name: "range_response", number: 1, message: "etcdserverpb.RangeResponse" },
        ],
      },
      {
        name: "etcdserverpb.PutRequest",
        fields: [
          { name: "key", number: 1, scalar: "bytes" },
          { name: "value", number: 2, scalar: "bytes" },
          { name: "lease", number: 3, scalar: "int64" },
          { name: "prev_kv", number: 4, scalar: "bool" },
          { name: "ignore_value", number: 5, scalar: "bool" },
          { name: "ignore_lease", number: 6, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.PutResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "prev_kv", number: 2, message: "mvccpb.KeyValue" },
        ],
      },
      {
        name: "etcdserverpb.DeleteRangeRequest",
        fields: [
          { name: "key", number: 1, scalar: "bytes" },
          { name: "range_end", number: 2, scalar: "bytes" },
          { name: "prev_kv", number: 3, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.DeleteRangeResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "deleted", number: 2, scalar: "int64" },
          { name: "prev_kvs", number: 3, message: "mvccpb.KeyValue", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.TxnRequest",
        comment: "Carries out `success` if all comparisons hold, and `failure` otherwise, at one revision.",
        fields: [
          { name: "compare", number: 1, message: "etcdserverpb.Compare", repeated: true },
          { name: "success", number: 2, message: "etcdserverpb.RequestOp", repeated: true },
          { name: "failure", number: 3, message: "etcdserverpb.RequestOp", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.TxnResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "succeeded", number: 2, scalar: "bool" },
          { name: "responses", number: 3, message: "etcdserverpb.ResponseOp", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.RequestOp",
        fields: [
          { name: "request_range", number: 1, message: "etcdserverpb.RangeRequest", oneof: "request" },
          { name: "request_put", number: 2, message: "etcdserverpb.PutRequest", oneof: "request" },
          { name: "request_delete_range", number: 3, message: "etcdserverpb.DeleteRangeRequest", oneof: "request" },
          { name: "request_txn", number: 4, message: "etcdserverpb.TxnRequest", oneof: "request" },
        ],
      },
      {
        name: "etcdserverpb.ResponseOp",
        fields: [
          { name: "response_range", number: 1, message: "etcdserverpb.RangeResponse", oneof: "response" },
          { name: "response_put", number: 2, message: "etcdserverpb.PutResponse", oneof: "response" },
          { name: "response_delete_range", number: 3, message: "etcdserverpb.DeleteRangeResponse", oneof: "response" },
          { name: "response_txn", number: 4, message: "etcdserverpb.TxnResponse", oneof: "response" },
        ],
      },
      {
        name: "etcdserverpb.Compare",
        comment: "Holds if \"the `target` of the key is `result` than the operand\" is true for all keys of the range.",
        fields: [
          { name: "result", number: 1, enum: "etcdserverpb.Compare.CompareResult" },
          { name: "target", number: 2, enum: "etcdserverpb.Compare.CompareTarget" },
          { name: "key", number: 3, scalar: "bytes" },
          { name: "version", number: 4, scalar: "int64", oneof: "target_union" },
          { name: "create_revision", number: 5, scalar: "int64", oneof: "target_union" },
          { name: "mod_revision", number: 6, scalar: "int64", oneof: "target_union" },
          { name: "value", number: 7, scalar: "bytes", oneof: "target_union" },
          { name: "lease", number: 8, scalar: "int64", oneof: "target_union" },
          { name: "range_end", number: 64, scalar: "bytes" },
        ],
      },
      {
        name: "etcdserverpb.CompactionRequest",
        comment: "Removes the history of keys before `revision`.",
        fields: [
          { name: "revision", number: 1, scalar: "int64" },
          { name: "physical", number: 2, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.CompactionResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.WatchRequest",
        fields: [
          { name: "create_request", number: 1, message: "etcdserverpb.WatchCreateRequest", oneof: "request_union" },
          { name: "cancel_request", number: 2, message: "etcdserverpb.WatchCancelRequest", oneof: "request_union" },
          { name: "progress_request", number: 3, message: "etcdserverpb.WatchProgressRequest", oneof: "request_union" },
        ],
      },
      {
        name: "etcdserverpb.WatchCreateRequest",
        fields: [
          { name: "key", number: 1, scalar: "bytes" },
          { name: "range_end", number: 2, scalar: "bytes" },
          { name: "start_revision", number: 3, scalar: "int64" },
          { name: "progress_notify", number: 4, scalar: "bool" },
          { name: "filters", number: 5, enum: "etcdserverpb.WatchCreateRequest.FilterType", repeated: true },
          { name: "prev_kv", number: 6, scalar: "bool" },
          { name: "watch_id", number: 7, scalar: "int64" },
          { name: "fragment", number: 8, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.WatchCancelRequest",
        fields: [
          { name: "watch_id", number: 1, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.WatchProgressRequest",
        comment: "Requests the revision up to which all events of the stream were sent.",
        fields: [],
      },
      {
        name: "etcdserverpb.WatchResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "watch_id", number: 2, scalar: "int64" },
          { name: "created", number: 3, scalar: "bool" },
          { name: "canceled", number: 4, scalar: "bool" },
          { name: "compact_revision", number: 5, scalar: "int64" },
          { name: "cancel_reason", number: 6, scalar: "string" },
          { name: "fragment", number: 7, scalar: "bool" },
          { name: "events", number: 11, message: "mvccpb.Event", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.LeaseGrantRequest",
        fields: [
          { name: "TTL", number: 1, scalar: "int64" },
          { name: "ID", number: 2, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.LeaseGrantResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "ID", number: 2, scalar: "int64" },
          { name: "TTL", number: 3, scalar: "int64" },
          { name: "error", number: 4, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.LeaseRevokeRequest",
        fields: [
          { name: "ID", number: 1, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.LeaseRevokeResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.LeaseKeepAliveRequest",
        fields: [
          { name: "ID", number: 1, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.LeaseKeepAliveResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "ID", number: 2, scalar: "int64" },
          { name: "TTL", number: 3, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.LeaseTimeToLiveRequest",
        fields: [
          { name: "ID", number: 1, scalar: "int64" },
          { name: "keys", number: 2, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.LeaseTimeToLiveResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "ID", number: 2, scalar: "int64" },
          { name: "TTL", number: 3, scalar: "int64" },
          { name: "grantedTTL", number: 4, scalar: "int64" },
          { name: "keys", number: 5, scalar: "bytes", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.LeaseLeasesRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.LeaseLeasesResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "leases", number: 2, message: "etcdserverpb.LeaseStatus", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.LeaseStatus",
        fields: [
          { name: "ID", number: 1, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.LeaseCheckpointRequest",
        comment: "The leader proposes checkpoints, so that a new leader does not restart the whole TTL of old leases.",
        fields: [
          { name: "checkpoints", number: 1, message: "etcdserverpb.LeaseCheckpoint", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.LeaseCheckpoint",
        fields: [
          { name: "ID", number: 1, scalar: "int64" },
          { name: "remaining_TTL", number: 2, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.LeaseCheckpointResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.Member",
        fields: [
          { name: "ID", number: 1, scalar: "uint64" },
          { name: "name", number: 2, scalar: "string" },
          { name: "peerURLs", number: 3, scalar: "string", repeated: true },
          { name: "clientURLs", number: 4, scalar: "string", repeated: true },
          { name: "isLearner", number: 5, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.MemberAddRequest",
        fields: [
          { name: "peerURLs", number: 1, scalar: "string", repeated: true },
          { name: "isLearner", number: 2, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.MemberAddResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "member", number: 2, message: "etcdserverpb.Member" },
          { name: "members", number: 3, message: "etcdserverpb.Member", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.MemberRemoveRequest",
        fields: [
          { name: "ID", number: 1, scalar: "uint64" },
        ],
      },
      {
        name: "etcdserverpb.MemberRemoveResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "members", number: 2, message: "etcdserverpb.Member", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.MemberUpdateRequest",
        fields: [
          { name: "ID", number: 1, scalar: "uint64" },
          { name: "peerURLs", number: 2, scalar: "string", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.MemberUpdateResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "members", number: 2, message: "etcdserverpb.Member", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.MemberListRequest",
        fields: [
          { name: "linearizable", number: 1, scalar: "bool" },
        ],
      },
      {
        name: "etcdserverpb.MemberListResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "members", number: 2, message: "etcdserverpb.Member", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.MemberPromoteRequest",
        comment: "Makes a learner a voter.",
        fields: [
          { name: "ID", number: 1, scalar: "uint64" },
        ],
      },
      {
        name: "etcdserverpb.MemberPromoteResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "members", number: 2, message: "etcdserverpb.Member", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.AlarmRequest",
        fields: [
          { name: "action", number: 1, enum: "etcdserverpb.AlarmRequest.AlarmAction" },
          { name: "memberID", number: 2, scalar: "uint64" },
          { name: "alarm", number: 3, enum: "etcdserverpb.AlarmType" },
        ],
      },
      {
        name: "etcdserverpb.AlarmResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "alarms", number: 2, message: "etcdserverpb.AlarmMember", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.AlarmMember",
        fields: [
          { name: "memberID", number: 1, scalar: "uint64" },
          { name: "alarm", number: 2, enum: "etcdserverpb.AlarmType" },
        ],
      },
      {
        name: "etcdserverpb.StatusRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.StatusResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "version", number: 2, scalar: "string" },
          { name: "dbSize", number: 3, scalar: "int64" },
          { name: "leader", number: 4, scalar: "uint64" },
          { name: "raftIndex", number: 5, scalar: "uint64" },
          { name: "raftTerm", number: 6, scalar: "uint64" },
          { name: "raftAppliedIndex", number: 7, scalar: "uint64" },
          { name: "errors", number: 8, scalar: "string", repeated: true },
          { name: "dbSizeInUse", number: 9, scalar: "int64" },
          { name: "isLearner", number: 10, scalar: "bool" },
          { name: "storageVersion", number: 11, scalar: "string" },
          { name: "dbSizeQuota", number: 12, scalar: "int64" },
          { name: "downgradeInfo", number: 13, message: "etcdserverpb.DowngradeInfo" },
        ],
      },
      {
        name: "etcdserverpb.DowngradeInfo",
        fields: [
          { name: "enabled", number: 1, scalar: "bool" },
          { name: "targetVersion", number: 2, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.DefragmentRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.DefragmentResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.HashRequest",
        comment: "The hash of the whole database of a member. It can differ between members.",
        fields: [],
      },
      {
        name: "etcdserverpb.HashResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "hash", number: 2, scalar: "uint32" },
        ],
      },
      {
        name: "etcdserverpb.HashKVRequest",
        comment: "The hash of the history of keys up to a revision. It is equal on members with the same history.",
        fields: [
          { name: "revision", number: 1, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.HashKVResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "hash", number: 2, scalar: "uint32" },
          { name: "compact_revision", number: 3, scalar: "int64" },
          { name: "hash_revision", number: 4, scalar: "int64" },
        ],
      },
      {
        name: "etcdserverpb.SnapshotRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.SnapshotResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "remaining_bytes", number: 2, scalar: "uint64" },
          { name: "blob", number: 3, scalar: "bytes" },
          { name: "version", number: 4, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.MoveLeaderRequest",
        fields: [
          { name: "targetID", number: 1, scalar: "uint64" },
        ],
      },
      {
        name: "etcdserverpb.MoveLeaderResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.DowngradeRequest",
        fields: [
          { name: "action", number: 1, enum: "etcdserverpb.DowngradeRequest.DowngradeAction" },
          { name: "version", number: 2, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.DowngradeResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "version", number: 2, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthEnableRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.AuthEnableResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthDisableRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.AuthDisableResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthStatusRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.AuthStatusResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "enabled", number: 2, scalar: "bool" },
          { name: "authRevision", number: 3, scalar: "uint64" },
        ],
      },
      {
        name: "etcdserverpb.AuthenticateRequest",
        fields: [
          { name: "name", number: 1, scalar: "string" },
          { name: "password", number: 2, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthenticateResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "token", number: 2, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserAddRequest",
        comment: "A client sends `password`. The member that receives the request writes only its hash into the log.",
        fields: [
          { name: "name", number: 1, scalar: "string" },
          { name: "password", number: 2, scalar: "string" },
          { name: "options", number: 3, message: "authpb.UserAddOptions" },
          { name: "hashedPassword", number: 4, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserAddResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserGetRequest",
        fields: [
          { name: "name", number: 1, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserGetResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "roles", number: 2, scalar: "string", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.AuthUserListRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.AuthUserListResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "users", number: 2, scalar: "string", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.AuthUserDeleteRequest",
        fields: [
          { name: "name", number: 1, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserDeleteResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserChangePasswordRequest",
        comment: "As in AuthUserAddRequest, only the hash is written into the log.",
        fields: [
          { name: "name", number: 1, scalar: "string" },
          { name: "password", number: 2, scalar: "string" },
          { name: "hashedPassword", number: 3, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserChangePasswordResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserGrantRoleRequest",
        fields: [
          { name: "user", number: 1, scalar: "string" },
          { name: "role", number: 2, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserGrantRoleResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserRevokeRoleRequest",
        fields: [
          { name: "name", number: 1, scalar: "string" },
          { name: "role", number: 2, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthUserRevokeRoleResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleAddRequest",
        fields: [
          { name: "name", number: 1, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleAddResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleGetRequest",
        fields: [
          { name: "role", number: 1, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleGetResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "perm", number: 2, message: "authpb.Permission", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleListRequest",
        fields: [],
      },
      {
        name: "etcdserverpb.AuthRoleListResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "roles", number: 2, scalar: "string", repeated: true },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleDeleteRequest",
        fields: [
          { name: "role", number: 1, scalar: "string" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleDeleteResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleGrantPermissionRequest",
        fields: [
          { name: "name", number: 1, scalar: "string" },
          { name: "perm", number: 2, message: "authpb.Permission" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleGrantPermissionResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleRevokePermissionRequest",
        fields: [
          { name: "role", number: 1, scalar: "string" },
          { name: "key", number: 2, scalar: "bytes" },
          { name: "range_end", number: 3, scalar: "bytes" },
        ],
      },
      {
        name: "etcdserverpb.AuthRoleRevokePermissionResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
    ],
    services: [
      {
        name: "etcdserverpb.KV",
        methods: [
          {
            name: "Range",
            request: "etcdserverpb.RangeRequest",
            response: "etcdserverpb.RangeResponse",
          },
          {
            name: "RangeStream",
            request: "etcdserverpb.RangeRequest",
            response: "etcdserverpb.RangeStreamResponse",
            responseStream: true,
          },
          {
            name: "Put",
            request: "etcdserverpb.PutRequest",
            response: "etcdserverpb.PutResponse",
          },
          {
            name: "DeleteRange",
            request: "etcdserverpb.DeleteRangeRequest",
            response: "etcdserverpb.DeleteRangeResponse",
          },
          {
            name: "Txn",
            request: "etcdserverpb.TxnRequest",
            response: "etcdserverpb.TxnResponse",
          },
          {
            name: "Compact",
            request: "etcdserverpb.CompactionRequest",
            response: "etcdserverpb.CompactionResponse",
          },
        ],
      },
      {
        name: "etcdserverpb.Watch",
        methods: [
          {
            name: "Watch",
            request: "etcdserverpb.WatchRequest",
            response: "etcdserverpb.WatchResponse",
            requestStream: true,
            responseStream: true,
          },
        ],
      },
      {
        name: "etcdserverpb.Lease",
        methods: [
          {
            name: "LeaseGrant",
            request: "etcdserverpb.LeaseGrantRequest",
            response: "etcdserverpb.LeaseGrantResponse",
          },
          {
            name: "LeaseRevoke",
            request: "etcdserverpb.LeaseRevokeRequest",
            response: "etcdserverpb.LeaseRevokeResponse",
          },
          {
            name: "LeaseKeepAlive",
            request: "etcdserverpb.LeaseKeepAliveRequest",
            response: "etcdserverpb.LeaseKeepAliveResponse",
            requestStream: true,
            responseStream: true,
          },
          {
            name: "LeaseTimeToLive",
            request: "etcdserverpb.LeaseTimeToLiveRequest",
            response: "etcdserverpb.LeaseTimeToLiveResponse",
          },
          {
            name: "LeaseLeases",
            request: "etcdserverpb.LeaseLeasesRequest",
            response: "etcdserverpb.LeaseLeasesResponse",
          },
        ],
      },
      {
        name: "etcdserverpb.Cluster",
        methods: [
          {
            name: "MemberAdd",
            request: "etcdserverpb.MemberAddRequest",
            response: "etcdserverpb.MemberAddResponse",
          },
          {
            name: "MemberRemove",
            request: "etcdserverpb.MemberRemoveRequest",
            response: "etcdserverpb.MemberRemoveResponse",
          },
          {
            name: "MemberUpdate",
            request: "etcdserverpb.MemberUpdateRequest",
            response: "etcdserverpb.MemberUpdateResponse",
          },
          {
            name: "MemberList",
            request: "etcdserverpb.MemberListRequest",
            response: "etcdserverpb.MemberListResponse",
          },
          {
            name: "MemberPromote",
            request: "etcdserverpb.MemberPromoteRequest",
            response: "etcdserverpb.MemberPromoteResponse",
          },
        ],
      },
      {
        name: "etcdserverpb.Maintenance",
        methods: [
          {
            name: "Alarm",
            request: "etcdserverpb.AlarmRequest",
            response: "etcdserverpb.AlarmResponse",
          },
          {
            name: "Status",
            request: "etcdserverpb.StatusRequest",
            response: "etcdserverpb.StatusResponse",
          },
          {
            name: "Defragment",
            request: "etcdserverpb.DefragmentRequest",
            response: "etcdserverpb.DefragmentResponse",
          },
          {
            name: "Hash",
            request: "etcdserverpb.HashRequest",
            response: "etcdserverpb.HashResponse",
          },
          {
            name: "HashKV",
            request: "etcdserverpb.HashKVRequest",
            response: "etcdserverpb.HashKVResponse",
          },
          {
            name: "Snapshot",
            request: "etcdserverpb.SnapshotRequest",
            response: "etcdserverpb.SnapshotResponse",
            responseStream: true,
          },
          {
            name: "MoveLeader",
            request: "etcdserverpb.MoveLeaderRequest",
            response: "etcdserverpb.MoveLeaderResponse",
          },
          {
            name: "Downgrade",
            request: "etcdserverpb.DowngradeRequest",
            response: "etcdserverpb.DowngradeResponse",
          },
        ],
      },
      {
        name: "etcdserverpb.Auth",
        methods: [
          {
            name: "AuthEnable",
            request: "etcdserverpb.AuthEnableRequest",
            response: "etcdserverpb.AuthEnableResponse",
          },
          {
            name: "AuthDisable",
            request: "etcdserverpb.AuthDisableRequest",
            response: "etcdserverpb.AuthDisableResponse",
          },
          {
            name: "AuthStatus",
            request: "etcdserverpb.AuthStatusRequest",
            response: "etcdserverpb.AuthStatusResponse",
          },
          {
            name: "Authenticate",
            request: "etcdserverpb.AuthenticateRequest",
            response: "etcdserverpb.AuthenticateResponse",
          },
          {
            name: "UserAdd",
            request: "etcdserverpb.AuthUserAddRequest",
            response: "etcdserverpb.AuthUserAddResponse",
          },
          {
            name: "UserGet",
            request: "etcdserverpb.AuthUserGetRequest",
            response: "etcdserverpb.AuthUserGetResponse",
          },
          {
            name: "UserList",
            request: "etcdserverpb.AuthUserListRequest",
            response: "etcdserverpb.AuthUserListResponse",
          },
          {
            name: "UserDelete",
            request: "etcdserverpb.AuthUserDeleteRequest",
            response: "etcdserverpb.AuthUserDeleteResponse",
          },
          {
            name: "UserChangePassword",
            request: "etcdserverpb.AuthUserChangePasswordRequest",
            response: "etcdserverpb.AuthUserChangePasswordResponse",
          },
          {
            name: "UserGrantRole",
            request: "etcdserverpb.AuthUserGrantRoleRequest",
            response: "etcdserverpb.AuthUserGrantRoleResponse",
          },
          {
            name: "UserRevokeRole",
            request: "etcdserverpb.AuthUserRevokeRoleRequest",
            response: "etcdserverpb.AuthUserRevokeRoleResponse",
          },
          {
            name: "RoleAdd",
            request: "etcdserverpb.AuthRoleAddRequest",
            response: "etcdserverpb.AuthRoleAddResponse",
          },
          {
            name: "RoleGet",
            request: "etcdserverpb.AuthRoleGetRequest",
            response: "etcdserverpb.AuthRoleGetResponse",
          },
          {
            name: "RoleList",
            request: "etcdserverpb.AuthRoleListRequest",
            response: "etcdserverpb.AuthRoleListResponse",
          },
          {
            name: "RoleDelete",
            request: "etcdserverpb.AuthRoleDeleteRequest",
            response: "etcdserverpb.AuthRoleDeleteResponse",
          },
          {
            name: "RoleGrantPermission",
            request: "etcdserverpb.AuthRoleGrantPermissionRequest",
            response: "etcdserverpb.AuthRoleGrantPermissionResponse",
          },
          {
            name: "RoleRevokePermission",
            request: "etcdserverpb.AuthRoleRevokePermissionRequest",
            response: "etcdserverpb.AuthRoleRevokePermissionResponse",
          },
        ],
      },
    ],
  },
  {
    name: "health.proto",
    package: "grpc.health.v1",
    imports: [],
    enums: [
      {
        name: "grpc.health.v1.HealthCheckResponse.ServingStatus",
        values: [
          ["UNKNOWN", 0],
          ["SERVING", 1],
          ["NOT_SERVING", 2],
          ["SERVICE_UNKNOWN", 3],
        ],
      },
    ],
    messages: [
      {
        name: "grpc.health.v1.HealthCheckRequest",
        fields: [
          { name: "service", number: 1, scalar: "string" },
        ],
      },
      {
        name: "grpc.health.v1.HealthCheckResponse",
        fields: [
          { name: "status", number: 1, enum: "grpc.health.v1.HealthCheckResponse.ServingStatus" },
        ],
      },
      {
        name: "grpc.health.v1.HealthListRequest",
        fields: [],
      },
      {
        name: "grpc.health.v1.HealthListResponse",
        fields: [
          { name: "statuses", number: 1, message: "grpc.health.v1.HealthListEntry", repeated: true },
        ],
      },
      {
        name: "grpc.health.v1.HealthListEntry",
        fields: [
          { name: "key", number: 1, scalar: "string" },
          { name: "value", number: 2, message: "grpc.health.v1.HealthCheckResponse" },
        ],
      },
    ],
    services: [
      {
        name: "grpc.health.v1.Health",
        methods: [
          {
            name: "Check",
            request: "grpc.health.v1.HealthCheckRequest",
            response: "grpc.health.v1.HealthCheckResponse",
          },
          {
            name: "Watch",
            request: "grpc.health.v1.HealthCheckRequest",
            response: "grpc.health.v1.HealthCheckResponse",
            responseStream: true,
          },
          {
            name: "List",
            request: "grpc.health.v1.HealthListRequest",
            response: "grpc.health.v1.HealthListResponse",
          },
        ],
      },
    ],
  },
  {
    name: "lock.proto",
    package: "v3lockpb",
    imports: ["rpc.proto"],
    enums: [],
    messages: [
      {
        name: "v3lockpb.LockRequest",
        fields: [
          { name: "name", number: 1, scalar: "bytes" },
          { name: "lease", number: 2, scalar: "int64" },
        ],
      },
      {
        name: "v3lockpb.LockResponse",
        comment: "The answer is sent when the lock is held.",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "key", number: 2, scalar: "bytes" },
        ],
      },
      {
        name: "v3lockpb.UnlockRequest",
        fields: [
          { name: "key", number: 1, scalar: "bytes" },
        ],
      },
      {
        name: "v3lockpb.UnlockResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
    ],
    services: [
      {
        name: "v3lockpb.Lock",
        methods: [
          {
            name: "Lock",
            request: "v3lockpb.LockRequest",
            response: "v3lockpb.LockResponse",
          },
          {
            name: "Unlock",
            request: "v3lockpb.UnlockRequest",
            response: "v3lockpb.UnlockResponse",
          },
        ],
      },
    ],
  },
  {
    name: "election.proto",
    package: "v3electionpb",
    imports: ["kv.proto", "rpc.proto"],
    enums: [],
    messages: [
      {
        name: "v3electionpb.CampaignRequest",
        fields: [
          { name: "name", number: 1, scalar: "bytes" },
          { name: "lease", number: 2, scalar: "int64" },
          { name: "value", number: 3, scalar: "bytes" },
        ],
      },
      {
        name: "v3electionpb.CampaignResponse",
        comment: "The answer is sent when the candidate leads.",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "leader", number: 2, message: "v3electionpb.LeaderKey" },
        ],
      },
      {
        name: "v3electionpb.LeaderKey",
        comment: "Identifies the leader by the key that was created under this name and lease.",
        fields: [
          { name: "name", number: 1, scalar: "bytes" },
          { name: "key", number: 2, scalar: "bytes" },
          { name: "rev", number: 3, scalar: "int64" },
          { name: "lease", number: 4, scalar: "int64" },
        ],
      },
      {
        name: "v3electionpb.LeaderRequest",
        fields: [
          { name: "name", number: 1, scalar: "bytes" },
        ],
      },
      {
        name: "v3electionpb.LeaderResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "kv", number: 2, message: "mvccpb.KeyValue" },
        ],
      },
      {
        name: "v3electionpb.ResignRequest",
        fields: [
          { name: "leader", number: 1, message: "v3electionpb.LeaderKey" },
        ],
      },
      {
        name: "v3electionpb.ResignResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
      {
        name: "v3electionpb.ProclaimRequest",
        fields: [
          { name: "leader", number: 1, message: "v3electionpb.LeaderKey" },
          { name: "value", number: 2, scalar: "bytes" },
        ],
      },
      {
        name: "v3electionpb.ProclaimResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
        ],
      },
    ],
    services: [
      {
        name: "v3electionpb.Election",
        methods: [
          {
            name: "Campaign",
            request: "v3electionpb.CampaignRequest",
            response: "v3electionpb.CampaignResponse",
          },
          {
            name: "Proclaim",
            request: "v3electionpb.ProclaimRequest",
            response: "v3electionpb.ProclaimResponse",
          },
          {
            name: "Leader",
            request: "v3electionpb.LeaderRequest",
            response: "v3electionpb.LeaderResponse",
          },
          {
            name: "Observe",
            request: "v3electionpb.LeaderRequest",
            response: "v3electionpb.LeaderResponse",
            responseStream: true,
          },
          {
            name: "Resign",
            request: "v3electionpb.ResignRequest",
            response: "v3electionpb.ResignResponse",
          },
        ],
      },
    ],
  },
  {
    name: "console.proto",
    package: "etcdts.v1",
    imports: ["auth.proto", "rpc.proto"],
    enums: [],
    messages: [
      {
        name: "etcdts.v1.InfoRequest",
        comment: "Needs no login, so that the page knows whether to ask for one.",
        fields: [],
      },
      {
        name: "etcdts.v1.InfoResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "version", number: 2, scalar: "string" },
          { name: "writes", number: 3, scalar: "bool" },
          { name: "separator", number: 4, scalar: "bytes" },
          { name: "authEnabled", number: 5, scalar: "bool" },
          { name: "memberId", number: 6, scalar: "uint64" },
        ],
      },
      {
        name: "etcdts.v1.TreeRequest",
        comment: "Asks for the keys and folders directly below a prefix, in the order of their names. A user sees the keys that he may read, and nothing of others.",
        fields: [
          { name: "prefix", number: 1, scalar: "bytes" },
          { name: "separator", number: 2, scalar: "bytes" },
          { name: "after", number: 3, scalar: "bytes" },
          { name: "limit", number: 4, scalar: "int64" },
          { name: "revision", number: 5, scalar: "int64" },
          { name: "flat", number: 6, scalar: "bool" },
        ],
      },
      {
        name: "etcdts.v1.TreeResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "nodes", number: 2, message: "etcdts.v1.TreeNode", repeated: true },
          { name: "more", number: 3, scalar: "bool" },
          { name: "count", number: 4, scalar: "int64" },
        ],
      },
      {
        name: "etcdts.v1.TreeNode",
        comment: "A key, or all keys whose names begin with the same text up to a separator.",
        fields: [
          { name: "name", number: 1, scalar: "bytes" },
          { name: "key", number: 2, scalar: "bytes" },
          { name: "folder", number: 3, scalar: "bool" },
          { name: "present", number: 4, scalar: "bool" },
          { name: "count", number: 5, scalar: "int64" },
          { name: "bytes", number: 6, scalar: "int64" },
          { name: "bytesExact", number: 7, scalar: "bool" },
          { name: "modRevision", number: 8, scalar: "int64" },
          { name: "lease", number: 9, scalar: "int64" },
        ],
      },
      {
        name: "etcdts.v1.StatisticsRequest",
        comment: "Asks for the recent history of a member's rates, latencies and sizes.",
        fields: [
          { name: "memberId", number: 1, scalar: "uint64" },
          { name: "sinceSeconds", number: 2, scalar: "int64" },
        ],
      },
      {
        name: "etcdts.v1.StatisticsResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "stepSeconds", number: 2, scalar: "int64" },
          { name: "start", number: 3, scalar: "int64" },
          { name: "series", number: 4, message: "etcdts.v1.StatisticsSeries", repeated: true },
        ],
      },
      {
        name: "etcdts.v1.StatisticsSeries",
        fields: [
          { name: "name", number: 1, scalar: "string" },
          { name: "unit", number: 2, scalar: "string" },
          { name: "values", number: 3, scalar: "double", repeated: true },
        ],
      },
      {
        name: "etcdts.v1.MembersRequest",
        fields: [],
      },
      {
        name: "etcdts.v1.MembersResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "members", number: 2, message: "etcdts.v1.MemberFacts", repeated: true },
        ],
      },
      {
        name: "etcdts.v1.MemberFacts",
        comment: "A member, as far as the member that is asked could find out.",
        fields: [
          { name: "id", number: 1, scalar: "uint64" },
          { name: "name", number: 2, scalar: "string" },
          { name: "peerURLs", number: 3, scalar: "string", repeated: true },
          { name: "clientURLs", number: 4, scalar: "string", repeated: true },
          { name: "isLearner", number: 5, scalar: "bool" },
          { name: "reached", number: 6, scalar: "bool" },
          { name: "error", number: 7, scalar: "string" },
          { name: "version", number: 8, scalar: "string" },
          { name: "leader", number: 9, scalar: "uint64" },
          { name: "term", number: 10, scalar: "uint64" },
          { name: "raftIndex", number: 11, scalar: "uint64" },
          { name: "appliedIndex", number: 12, scalar: "uint64" },
          { name: "lag", number: 13, scalar: "int64" },
          { name: "dbSize", number: 14, scalar: "int64" },
          { name: "dbSizeInUse", number: 15, scalar: "int64" },
          { name: "startedSecondsAgo", number: 16, scalar: "int64" },
          { name: "alarms", number: 17, scalar: "string", repeated: true },
          { name: "health", number: 18, scalar: "string" },
        ],
      },
      {
        name: "etcdts.v1.MayRequest",
        comment: "Asks what a user may do, and why. Root may ask about everybody, a user about himself.",
        fields: [
          { name: "user", number: 1, scalar: "string" },
          { name: "key", number: 2, scalar: "bytes" },
          { name: "rangeEnd", number: 3, scalar: "bytes" },
          { name: "type", number: 4, scalar: "string" },
        ],
      },
      {
        name: "etcdts.v1.MayResponse",
        fields: [
          { name: "header", number: 1, message: "etcdserverpb.ResponseHeader" },
          { name: "allowed", number: 2, scalar: "bool" },
          { name: "why", number: 3, message: "etcdts.v1.Grant", repeated: true },
          { name: "reason", number: 4, scalar: "string" },
        ],
      },
      {
        name: "etcdts.v1.Grant",
        fields: [
          { name: "role", number: 1, scalar: "string" },
          { name: "permission", number: 2, message: "authpb.Permission" },
        ],
      },
      {
        name: "etcdts.v1.PeerQuestion",
        comment: "The question of a member that serves the console to another, at its peer URL.",
        fields: [
          { name: "status", number: 1, message: "etcdts.v1.StatusQuestion", oneof: "question" },
          { name: "statistics", number: 2, message: "etcdts.v1.StatisticsRequest", oneof: "question" },
        ],
      },
      {
        name: "etcdts.v1.StatusQuestion",
        fields: [],
      },
      {
        name: "etcdts.v1.StatusAnswer",
        comment: "The answer to the first. That to the second is a StatisticsResponse without a header.",
        fields: [
          { name: "member", number: 1, message: "etcdts.v1.MemberFacts" },
          { name: "progress", number: 2, message: "etcdts.v1.Progress", repeated: true },
        ],
      },
      {
        name: "etcdts.v1.Progress",
        fields: [
          { name: "id", number: 1, scalar: "uint64" },
          { name: "stored", number: 2, scalar: "uint64" },
        ],
      },
    ],
    services: [
      {
        name: "etcdts.v1.Console",
        methods: [
          {
            name: "Info",
            request: "etcdts.v1.InfoRequest",
            response: "etcdts.v1.InfoResponse",
          },
          {
            name: "Tree",
            request: "etcdts.v1.TreeRequest",
            response: "etcdts.v1.TreeResponse",
          },
          {
            name: "Statistics",
            request: "etcdts.v1.StatisticsRequest",
            response: "etcdts.v1.StatisticsResponse",
          },
          {
            name: "Members",
            request: "etcdts.v1.MembersRequest",
            response: "etcdts.v1.MembersResponse",
          },
          {
            name: "May",
            request: "etcdts.v1.MayRequest",
            response: "etcdts.v1.MayResponse",
          },
        ],
      },
    ],
  },
  {
    name: "reflection.proto",
    package: "grpc.reflection.v1",
    imports: [],
    enums: [],
    messages: [
      {
        name: "grpc.reflection.v1.ServerReflectionRequest",
        fields: [
          { name: "host", number: 1, scalar: "string" },
          { name: "file_by_filename", number: 3, scalar: "string", oneof: "message_request" },
          { name: "file_containing_symbol", number: 4, scalar: "string", oneof: "message_request" },
          { name: "file_containing_extension", number: 5, message: "grpc.reflection.v1.ExtensionRequest", oneof: "message_request" },
          { name: "all_extension_numbers_of_type", number: 6, scalar: "string", oneof: "message_request" },
          { name: "list_services", number: 7, scalar: "string", oneof: "message_request" },
        ],
      },
      {
        name: "grpc.reflection.v1.ExtensionRequest",
        fields: [
          { name: "containing_type", number: 1, scalar: "string" },
          { name: "extension_number", number: 2, scalar: "int32" },
        ],
      },
      {
        name: "grpc.reflection.v1.ServerReflectionResponse",
        fields: [
          { name: "valid_host", number: 1, scalar: "string" },
          { name: "original_request", number: 2, message: "grpc.reflection.v1.ServerReflectionRequest" },
          { name: "file_descriptor_response", number: 4, message: "grpc.reflection.v1.FileDescriptorResponse", oneof: "message_response" },
          { name: "all_extension_numbers_response", number: 5, message: "grpc.reflection.v1.ExtensionNumberResponse", oneof: "message_response" },
          { name: "list_services_response", number: 6, message: "grpc.reflection.v1.ListServiceResponse", oneof: "message_response" },
          { name: "error_response", number: 7, message: "grpc.reflection.v1.ErrorResponse", oneof: "message_response" },
        ],
      },
      {
        name: "grpc.reflection.v1.FileDescriptorResponse",
        comment: "The descriptors of a file and of all its imports, each as an encoded FileDescriptorProto.",
        fields: [
          { name: "file_descriptor_proto", number: 1, scalar: "bytes", repeated: true },
        ],
      },
      {
        name: "grpc.reflection.v1.ExtensionNumberResponse",
        fields: [
          { name: "base_type_name", number: 1, scalar: "string" },
          { name: "extension_number", number: 2, scalar: "int32", repeated: true },
        ],
      },
      {
        name: "grpc.reflection.v1.ListServiceResponse",
        fields: [
          { name: "service", number: 1, message: "grpc.reflection.v1.ServiceResponse", repeated: true },
        ],
      },
      {
        name: "grpc.reflection.v1.ServiceResponse",
        fields: [
          { name: "name", number: 1, scalar: "string" },
        ],
      },
      {
        name: "grpc.reflection.v1.ErrorResponse",
        fields: [
          { name: "error_code", number: 1, scalar: "int32" },
          { name: "error_message", number: 2, scalar: "string" },
        ],
      },
    ],
    services: [
      {
        name: "grpc.reflection.v1.ServerReflection",
        methods: [
          {
            name: "ServerReflectionInfo",
            request: "grpc.reflection.v1.ServerReflectionRequest",
            response: "grpc.reflection.v1.ServerReflectionResponse",
            requestStream: true,
            responseStream: true,
          },
        ],
      },
    ],
  },
  {
    name: "reflection-v1alpha.proto",
    package: "grpc.reflection.v1alpha",
    imports: ["reflection.proto"],
    enums: [],
    messages: [],
    services: [
      {
        name: "grpc.reflection.v1alpha.ServerReflection",
        methods: [
          {
            name: "ServerReflectionInfo",
            request: "grpc.reflection.v1.ServerReflectionRequest",
            response: "grpc.reflection.v1.ServerReflectionResponse",
            requestStream: true,
            responseStream: true,
          },
        ],
      },
    ],
  },
];
