// Written by `npm run generate` from proto/raft-internal.proto; changes belong there.
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";
import {
  AlarmRequest,
  AuthDisableRequest,
  AuthEnableRequest,
  AuthRoleAddRequest,
  AuthRoleDeleteRequest,
  AuthRoleGetRequest,
  AuthRoleGrantPermissionRequest,
  AuthRoleListRequest,
  AuthRoleRevokePermissionRequest,
  AuthStatusRequest,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  AuthUserDeleteRequest,
  AuthUserGetRequest,
  AuthUserGrantRoleRequest,
  AuthUserListRequest,
  AuthUserRevokeRoleRequest,
  CompactionRequest,
  DeleteRangeRequest,
  LeaseCheckpointRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "./rpc.js";
import { ClusterMemberAttrSetRequest, ClusterVersionSetRequest, DowngradeInfoSetRequest } from "./membership.js";
import { Request } from "./store-v2.js";

/** The data of a log entry: the header of the caller and one of the requests. */
export interface InternalRaftRequest {
  readonly id: bigint;
  readonly v2: Request | undefined;
  readonly range: RangeRequest | undefined;
  readonly put: PutRequest | undefined;
  readonly deleteRange: DeleteRangeRequest | undefined;
  readonly txn: TxnRequest | undefined;
  readonly compaction: CompactionRequest | undefined;
  readonly leaseGrant: LeaseGrantRequest | undefined;
  readonly leaseRevoke: LeaseRevokeRequest | undefined;
  readonly alarm: AlarmRequest | undefined;
  readonly leaseCheckpoint: LeaseCheckpointRequest | undefined;
  readonly header: RequestHeader | undefined;
  readonly authEnable: AuthEnableRequest | undefined;
  readonly authDisable: AuthDisableRequest | undefined;
  readonly authenticate: InternalAuthenticateRequest | undefined;
  readonly authStatus: AuthStatusRequest | undefined;
  readonly authUserAdd: AuthUserAddRequest | undefined;
  readonly authUserDelete: AuthUserDeleteRequest | undefined;
  readonly authUserGet: AuthUserGetRequest | undefined;
  readonly authUserChangePassword: AuthUserChangePasswordRequest | undefined;
  readonly authUserGrantRole: AuthUserGrantRoleRequest | undefined;
  readonly authUserRevokeRole: AuthUserRevokeRoleRequest | undefined;
  readonly authUserList: AuthUserListRequest | undefined;
  readonly authRoleList: AuthRoleListRequest | undefined;
  readonly authRoleAdd: AuthRoleAddRequest | undefined;
  readonly authRoleDelete: AuthRoleDeleteRequest | undefined;
  readonly authRoleGet: AuthRoleGetRequest | undefined;
  readonly authRoleGrantPermission: AuthRoleGrantPermissionRequest | undefined;
  readonly authRoleRevokePermission: AuthRoleRevokePermissionRequest | undefined;
  readonly clusterVersionSet: ClusterVersionSetRequest | undefined;
  readonly clusterMemberAttrSet: ClusterMemberAttrSetRequest | undefined;
  readonly downgradeInfoSet: DowngradeInfoSetRequest | undefined;
  readonly downgradeVersionTest: DowngradeVersionTestRequest | undefined;
}

const fieldsOfInternalRaftRequest: FieldNumbers = {
  message: "etcdserverpb.InternalRaftRequest",
  numbers: [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 100, 1000, 1011, 1012, 1013,
    1100, 1101, 1102, 1103, 1104, 1105, 1106, 1107, 1200, 1201, 1202, 1203, 1204, 1300, 1301, 1302,
    9900,
  ],
};

export const InternalRaftRequest: Codec<InternalRaftRequest> = {
  create({
    id = 0n,
    v2,
    range,
    put,
    deleteRange,
    txn,
    compaction,
    leaseGrant,
    leaseRevoke,
    alarm,
    leaseCheckpoint,
    header,
    authEnable,
    authDisable,
    authenticate,
    authStatus,
    authUserAdd,
    authUserDelete,
    authUserGet,
    authUserChangePassword,
    authUserGrantRole,
    authUserRevokeRole,
    authUserList,
    authRoleList,
    authRoleAdd,
    authRoleDelete,
    authRoleGet,
    authRoleGrantPermission,
    authRoleRevokePermission,
    clusterVersionSet,
    clusterMemberAttrSet,
    downgradeInfoSet,
    downgradeVersionTest,
  }: Partial<InternalRaftRequest> = {}) {
    return {
      id,
      v2,
      range,
      put,
      deleteRange,
      txn,
      compaction,
      leaseGrant,
      leaseRevoke,
      alarm,
      leaseCheckpoint,
      header,
      authEnable,
      authDisable,
      authenticate,
      authStatus,
      authUserAdd,
      authUserDelete,
      authUserGet,
      authUserChangePassword,
      authUserGrantRole,
      authUserRevokeRole,
      authUserList,
      authRoleList,
      authRoleAdd,
      authRoleDelete,
      authRoleGet,
      authRoleGrantPermission,
      authRoleRevokePermission,
      clusterVersionSet,
      clusterMemberAttrSet,
      downgradeInfoSet,
      downgradeVersionTest,
    };
  },
  encode(message) {
    const writer = sharedWriter.start();
    InternalRaftRequest.write(writer, message);
    return writer.cut ? writer.finishCut(InternalRaftRequest.write, message) : writer.finish();
  },
  decode(bytes) {
    const reader = new Reader(bytes);
    const message = InternalRaftRequest.read(reader);
    reader.readPostponed();
    return message;
  },
  read(reader) {
    let id = 0n;
    let v2: Request | undefined;
    let range: RangeRequest | undefined;
    let put: PutRequest | undefined;
    let deleteRange: DeleteRangeRequest | undefined;
    let txn: TxnRequest | undefined;
    let compaction: CompactionRequest | undefined;
    let leaseGrant: LeaseGrantRequest | undefined;
    let leaseRevoke: LeaseRevokeRequest | undefined;
    let alarm: AlarmRequest | undefined;
    let leaseCheckpoint: LeaseCheckpointRequest | undefined;
    let header: RequestHeader | undefined;
    let authEnable: AuthEnableRequest | undefined;
    let authDisable: AuthDisableRequest | undefined;
    let authenticate: InternalAuthenticateRequest | undefined;
    let authStatus: AuthStatusRequest | undefined;
    let authUserAdd: AuthUserAddRequest | undefined;
    let authUserDelete: AuthUserDeleteRequest | undefined;
    let authUserGet: AuthUserGetRequest | undefined;
    let authUserChangePassword: AuthUserChangePasswordRequest | undefined;
    let authUserGrantRole: AuthUserGrantRoleRequest | undefined;
    let authUserRevokeRole: AuthUserRevokeRoleRequest | undefined;
    let authUserList: AuthUserListRequest | undefined;
    let authRoleList: AuthRoleListRequest | undefined;
    let authRoleAdd: AuthRoleAddRequest | undefined;
    let authRoleDelete: AuthRoleDeleteRequest | undefined;
    let authRoleGet: AuthRoleGetRequest | undefined;
    let authRoleGrantPermission: AuthRoleGrantPermissionRequest | undefined;
    let authRoleRevokePermission: AuthRoleRevokePermissionRequest | undefined;
    let clusterVersionSet: ClusterVersionSetRequest | undefined;
    let clusterMemberAttrSet: ClusterMemberAttrSetRequest | undefined;
    let downgradeInfoSet: DowngradeInfoSetRequest | undefined;
    let downgradeVersionTest: DowngradeVersionTestRequest | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 18: {
          const outer = reader.open();
          v2 = Request.read(reader, v2);
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          range = RangeRequest.read(reader, range);
          reader.close(outer);
          break;
        }
        case 34: {
          const outer = reader.open();
          put = PutRequest.read(reader, put);
          reader.close(outer);
          break;
        }
        case 42: {
          const outer = reader.open();
          deleteRange = DeleteRangeRequest.read(reader, deleteRange);
          reader.close(outer);
          break;
        }
        case 50: {
          const outer = reader.open();
          txn = TxnRequest.read(reader, txn);
          reader.close(outer);
          break;
        }
        case 58: {
          const outer = reader.open();
          compaction = CompactionRequest.read(reader, compaction);
          reader.close(outer);
          break;
        }
        case 66: {
          const outer = reader.open();
          leaseGrant = LeaseGrantRequest.read(reader, leaseGrant);
          reader.close(outer);
          break;
        }
        case 74: {
          const outer = reader.open();
          leaseRevoke = LeaseRevokeRequest.read(reader, leaseRevoke);
          reader.close(outer);
          break;
        }
        case 82: {
          const outer = reader.open();
          alarm = AlarmRequest.read(reader, alarm);
          reader.close(outer);
          break;
        }
        case 90: {
          const outer = reader.open();
          leaseCheckpoint = LeaseCheckpointRequest.read(reader, leaseCheckpoint);
          reader.close(outer);
          break;
        }
        case 802: {
          const outer = reader.open();
          header = RequestHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 8002: {
          const outer = reader.open();
          authEnable = AuthEnableRequest.read(reader, authEnable);
          reader.close(outer);
          break;
        }
        case 8090: {
          const outer = reader.open();
          authDisable = AuthDisableRequest.read(reader, authDisable);
          reader.close(outer);
          break;
        }
        case 8098: {
          const outer = reader.open();
          authenticate = InternalAuthenticateRequest.read(reader, authenticate);
          reader.close(outer);
          break;
        }
        case 8106: {
          const outer = reader.open();
          authStatus = AuthStatusRequest.read(reader, authStatus);
          reader.close(outer);
          break;
        }
        case 8802: {
          const outer = reader.open();
          authUserAdd = AuthUserAddRequest.read(reader, authUserAdd);
          reader.close(outer);
          break;
        }
        case 8810: {
          const outer = reader.open();
          authUserDelete = AuthUserDeleteRequest.read(reader, authUserDelete);
          reader.close(outer);
          break;
        }
        case 8818: {
          const outer = reader.open();
          authUserGet = AuthUserGetRequest.read(reader, authUserGet);
          reader.close(outer);
          break;
        }
        case 8826: {
          const outer = reader.open();
          authUserChangePassword = AuthUserChangePasswordRequest.read(reader, authUserChangePassword);
          reader.close(outer);
          break;
        }
        case 8834: {
          const outer = reader.open();
          authUserGrantRole = AuthUserGrantRoleRequest.read(reader, authUserGrantRole);
          reader.close(outer);
          break;
        }
        case 8842: {
          const outer = reader.open();
          authUserRevokeRole = AuthUserRevokeRoleRequest.read(reader, authUserRevokeRole);
          reader.close(outer);
          break;
        }
        case 8850: {
          const outer = reader.open();
          authUserList = AuthUserListRequest.read(reader, authUserList);
          reader.close(outer);
          break;
        }
        case 8858: {
          const outer = reader.open();
          authRoleList = AuthRoleListRequest.read(reader, authRoleList);
          reader.close(outer);
          break;
        }
        case 9602: {
          const outer = reader.open();
          authRoleAdd = AuthRoleAddRequest.read(reader, authRoleAdd);
          reader.close(outer);
          break;
        }
        case 9610: {
          const outer = reader.open();
          authRoleDelete = AuthRoleDeleteRequest.read(reader, authRoleDelete);
          reader.close(outer);
          break;
        }
        case 9618: {
          const outer = reader.open();
          authRoleGet = AuthRoleGetRequest.read(reader, authRoleGet);
          reader.close(outer);
          break;
        }
        case 9626: {
          const outer = reader.open();
          authRoleGrantPermission = AuthRoleGrantPermissionRequest.read(reader, authRoleGrantPermission);
          reader.close(outer);
          break;
        }
        case 9634: {
          const outer = reader.open();
          authRoleRevokePermission = AuthRoleRevokePermissionRequest.read(reader, authRoleRevokePermission);
          reader.close(outer);
          break;
        }
        case 10402: {
          const outer = reader.open();
          clusterVersionSet = ClusterVersionSetRequest.read(reader, clusterVersionSet);
          reader.close(outer);
          break;
        }
        case 10410: {
          const outer = reader.open();
          clusterMemberAttrSet = ClusterMemberAttrSetRequest.read(reader, clusterMemberAttrSet);
          reader.close(outer);
          break;
        }
        case 10418: {
          const outer = reader.open();
          downgradeInfoSet = DowngradeInfoSetRequest.read(reader, downgradeInfoSet);
          reader.close(outer);
          break;
        }
        case 79202: {
          const outer = reader.open();
          downgradeVersionTest = DowngradeVersionTestRequest.read(reader, downgradeVersionTest);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfInternalRaftRequest);
      }
    }
    return {
      id,
      v2,
      range,
      put,
      deleteRange,
      txn,
      compaction,
      leaseGrant,
      leaseRevoke,
      alarm,
      leaseCheckpoint,
      header,
      authEnable,
      authDisable,
      authenticate,
      authStatus,
      authUserAdd,
      authUserDelete,
      authUserGet,
      authUserChangePassword,
      authUserGrantRole,
      authUserRevokeRole,
      authUserList,
      authRoleList,
      authRoleAdd,
      authRoleDelete,
      authRoleGet,
      authRoleGrantPermission,
      authRoleRevokePermission,
      clusterVersionSet,
      clusterMemberAttrSet,
      downgradeInfoSet,
      downgradeVersionTest,
    };
  },
  write(writer, message) {
    if (message.downgradeVersionTest !== undefined) {
      const before = writer.written();
      DowngradeVersionTestRequest.write(writer, message.downgradeVersionTest);
      writer.close(79202, before);
    }
    if (message.downgradeInfoSet !== undefined) {
      const before = writer.written();
      DowngradeInfoSetRequest.write(writer, message.downgradeInfoSet);
      writer.close(10418, before);
    }
    if (message.clusterMemberAttrSet !== undefined) {
      const before = writer.written();
      ClusterMemberAttrSetRequest.write(writer, message.clusterMemberAttrSet);
      writer.close(10410, before);
    }
    if (message.clusterVersionSet !== undefined) {
      const before = writer.written();
      ClusterVersionSetRequest.write(writer, message.clusterVersionSet);
      writer.close(10402, before);
    }
    if (message.authRoleRevokePermission !== undefined) {
      const before = writer.written();
      AuthRoleRevokePermissionRequest.write(writer, message.authRoleRevokePermission);
      writer.close(9634, before);
    }
    if (message.authRoleGrantPermission !== undefined) {
      const before = writer.written();
      AuthRoleGrantPermissionRequest.write(writer, message.authRoleGrantPermission);
      writer.close(9626, before);
    }
    if (message.authRoleGet !== undefined) {
      const before = writer.written();
      AuthRoleGetRequest.write(writer, message.authRoleGet);
      writer.close(9618, before);
    }
    if (message.authRoleDelete !== undefined) {
      const before = writer.written();
      AuthRoleDeleteRequest.write(writer, message.authRoleDelete);
      writer.close(9610, before);
    }
    if (message.authRoleAdd !== undefined) {
      const before = writer.written();
      AuthRoleAddRequest.write(writer, message.authRoleAdd);
      writer.close(9602, before);
    }
    if (message.authRoleList !== undefined) {
      const before = writer.written();
      AuthRoleListRequest.write(writer, message.authRoleList);
      writer.close(8858, before);
    }
    if (message.authUserList !== undefined) {
      const before = writer.written();
      AuthUserListRequest.write(writer, message.authUserList);
      writer.close(8850, before);
    }
    if (message.authUserRevokeRole !== undefined) {
      const before = writer.written();
      AuthUserRevokeRoleRequest.write(writer, message.authUserRevokeRole);
      writer.close(8842, before);
    }
    if (message.authUserGrantRole !== undefined) {
      const before = writer.written();
      AuthUserGrantRoleRequest.write(writer, message.authUserGrantRole);
      writer.close(8834, before);
    }
    if (message.authUserChangePassword !== undefined) {
      const before = writer.written();
      AuthUserChangePasswordRequest.write(writer, message.authUserChangePassword);
      writer.close(8826, before);
    }
    if (message.authUserGet !== undefined) {
      const before = writer.written();
      AuthUserGetRequest.write(writer, message.authUserGet);
      writer.close(8818, before);
    }
    if (message.authUserDelete !== undefined) {
      const before = writer.written();
      AuthUserDeleteRequest.write(writer, message.authUserDelete);
      writer.close(8810, before);
    }
    if (message.authUserAdd !== undefined) {
      const before = writer.written();
      AuthUserAddRequest.write(writer, message.authUserAdd);
      writer.close(8802, before);
    }
    if (message.authStatus !== undefined) {
      const before = writer.written();
      AuthStatusRequest.write(writer, message.authStatus);
      writer.close(8106, before);
    }
    if (message.authenticate !== undefined) {
      const before = writer.written();
      InternalAuthenticateRequest.write(writer, message.authenticate);
      writer.close(8098, before);
    }
    if (message.authDisable !== undefined) {
      const before = writer.written();
      AuthDisableRequest.write(writer, message.authDisable);
      writer.close(8090, before);
    }
    if (message.authEnable !== undefined) {
      const before = writer.written();
      AuthEnableRequest.write(writer, message.authEnable);
      writer.close(8002, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      RequestHeader.write(writer, message.header);
      writer.close(802, before);
    }
    if (message.leaseCheckpoint !== undefined) {
      const before = writer.written();
      LeaseCheckpointRequest.write(writer, message.leaseCheckpoint);
      writer.close(90, before);
    }
    if (message.alarm !== undefined) {
      const before = writer.written();
      AlarmRequest.write(writer, message.alarm);
      writer.close(82, before);
    }
    if (message.leaseRevoke !== undefined) {
      const before = writer.written();
      LeaseRevokeRequest.write(writer, message.leaseRevoke);
      writer.close(74, before);
    }
    if (message.leaseGrant !== undefined) {
      const before = writer.written();
      LeaseGrantRequest.write(writer, message.leaseGrant);
      writer.close(66, before);
    }
    if (message.compaction !== undefined) {
      const before = writer.written();
      CompactionRequest.write(writer, message.compaction);
      writer.close(58, before);
    }
    if (message.txn !== undefined) {
      const before = writer.written();
      TxnRequest.write(writer, message.txn);
      writer.close(50, before);
    }
    if (message.deleteRange !== undefined) {
      const before = writer.written();
      DeleteRangeRequest.write(writer, message.deleteRange);
      writer.close(42, before);
    }
    if (message.put !== undefined) {
      const before = writer.written();
      PutRequest.write(writer, message.put);
      writer.close(34, before);
    }
    if (message.range !== undefined) {
      const before = writer.written();
      RangeRequest.write(writer, message.range);
      writer.close(26, before);
    }
    if (message.v2 !== undefined) {
      const before = writer.written();
      Request.write(writer, message.v2);
      writer.close(18, before);
    }
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

/** What an InternalRaftRequest holds, by the name of its field. */
export type InternalRaftRequestVariant =
  | { readonly case: "v2"; readonly value: Request }
  | { readonly case: "range"; readonly value: RangeRequest }
  | { readonly case: "put"; readonly value: PutRequest }
  | { readonly case: "deleteRange"; readonly value: DeleteRangeRequest }
  | { readonly case: "txn"; readonly value: TxnRequest }
  | { readonly case: "compaction"; readonly value: CompactionRequest }
  | { readonly case: "leaseGrant"; readonly value: LeaseGrantRequest }
  | { readonly case: "leaseRevoke"; readonly value: LeaseRevokeRequest }
  | { readonly case: "alarm"; readonly value: AlarmRequest }
  | { readonly case: "leaseCheckpoint"; readonly value: LeaseCheckpointRequest }
  | { readonly case: "authEnable"; readonly value: AuthEnableRequest }
  | { readonly case: "authDisable"; readonly value: AuthDisableRequest }
  | { readonly case: "authenticate"; readonly value: InternalAuthenticateRequest }
  | { readonly case: "authStatus"; readonly value: AuthStatusRequest }
  | { readonly case: "authUserAdd"; readonly value: AuthUserAddRequest }
  | { readonly case: "authUserDelete"; readonly value: AuthUserDeleteRequest }
  | { readonly case: "authUserGet"; readonly value: AuthUserGetRequest }
  | { readonly case: "authUserChangePassword"; readonly value: AuthUserChangePasswordRequest }
  | { readonly case: "authUserGrantRole"; readonly value: AuthUserGrantRoleRequest }
  | { readonly case: "authUserRevokeRole"; readonly value: AuthUserRevokeRoleRequest }
  | { readonly case: "authUserList"; readonly value: AuthUserListRequest }
  | { readonly case: "authRoleList"; readonly value: AuthRoleListRequest }
  | { readonly case: "authRoleAdd"; readonly value: AuthRoleAddRequest }
  | { readonly case: "authRoleDelete"; readonly value: AuthRoleDeleteRequest }
  | { readonly case: "authRoleGet"; readonly value: AuthRoleGetRequest }
  | { readonly case: "authRoleGrantPermission"; readonly value: AuthRoleGrantPermissionRequest }
  | { readonly case: "authRoleRevokePermission"; readonly value: AuthRoleRevokePermissionRequest }
  | { readonly case: "clusterVersionSet"; readonly value: ClusterVersionSetRequest }
  | { readonly case: "clusterMemberAttrSet"; readonly value: ClusterMemberAttrSetRequest }
  | { readonly case: "downgradeInfoSet"; readonly value: DowngradeInfoSetRequest }
  | { readonly case: "downgradeVersionTest"; readonly value: DowngradeVersionTestRequest };

/** The one field that is set; undefined when none is, or when it is one that this release does not know. */
export function variantOfInternalRaftRequest(message: InternalRaftRequest): InternalRaftRequestVariant | undefined {
  if (message.v2 !== undefined) return { case: "v2", value: message.v2 };
  if (message.range !== undefined) return { case: "range", value: message.range };
  if (message.put !== undefined) return { case: "put", value: message.put };
  if (message.deleteRange !== undefined) return { case: "deleteRange", value: message.deleteRange };
  if (message.txn !== undefined) return { case: "txn", value: message.txn };
  if (message.compaction !== undefined) return { case: "compaction", value: message.compaction };
  if (message.leaseGrant !== undefined) return { case: "leaseGrant", value: message.leaseGrant };
  if (message.leaseRevoke !== undefined) return { case: "leaseRevoke", value: message.leaseRevoke };
  if (message.alarm !== undefined) return { case: "alarm", value: message.alarm };
  if (message.leaseCheckpoint !== undefined) return { case: "leaseCheckpoint", value: message.leaseCheckpoint };
  if (message.authEnable !== undefined) return { case: "authEnable", value: message.authEnable };
  if (message.authDisable !== undefined) return { case: "authDisable", value: message.authDisable };
  if (message.authenticate !== undefined) return { case: "authenticate", value: message.authenticate };
  if (message.authStatus !== undefined) return { case: "authStatus", value: message.authStatus };
  if (message.authUserAdd !== undefined) return { case: "authUserAdd", value: message.authUserAdd };
  if (message.authUserDelete !== undefined) return { case: "authUserDelete", value: message.authUserDelete };
  if (message.authUserGet !== undefined) return { case: "authUserGet", value: message.authUserGet };
  if (message.authUserChangePassword !== undefined) return { case: "authUserChangePassword", value: message.authUserChangePassword };
  if (message.authUserGrantRole !== undefined) return { case: "authUserGrantRole", value: message.authUserGrantRole };
  if (message.authUserRevokeRole !== undefined) return { case: "authUserRevokeRole", value: message.authUserRevokeRole };
  if (message.authUserList !== undefined) return { case: "authUserList", value: message.authUserList };
  if (message.authRoleList !== undefined) return { case: "authRoleList", value: message.authRoleList };
  if (message.authRoleAdd !== undefined) return { case: "authRoleAdd", value: message.authRoleAdd };
  if (message.authRoleDelete !== undefined) return { case: "authRoleDelete", value: message.authRoleDelete };
  if (message.authRoleGet !== undefined) return { case: "authRoleGet", value: message.authRoleGet };
  if (message.authRoleGrantPermission !== undefined) return { case: "authRoleGrantPermission", value: message.authRoleGrantPermission };
  if (message.authRoleRevokePermission !== undefined) return { case: "authRoleRevokePermission", value: message.authRoleRevokePermission };
  if (message.clusterVersionSet !== undefined) return { case: "clusterVersionSet", value: message.clusterVersionSet };
  if (message.clusterMemberAttrSet !== undefined) return { case: "clusterMemberAttrSet", value: message.clusterMemberAttrSet };
  if (message.downgradeInfoSet !== undefined) return { case: "downgradeInfoSet", value: message.downgradeInfoSet };
  if (message.downgradeVersionTest !== undefined) return { case: "downgradeVersionTest", value: message.downgradeVersionTest };
  return undefined;
}

/** A request of etcd's own tests, since 3.6. It changes nothing. */
export interface DowngradeVersionTestRequest {
  readonly ver: string;
}

const fieldsOfDowngradeVersionTestRequest: FieldNumbers = {
  message: "etcdserverpb.DowngradeVersionTestRequest",
  numbers: [1],
};

export const DowngradeVersionTestRequest: Codec<DowngradeVersionTestRequest> = {
  create({
    ver = "",
  }: Partial<DowngradeVersionTestRequest> = {}) {
    return { ver };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DowngradeVersionTestRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DowngradeVersionTestRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let ver = base === undefined ? "" : base.ver;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          ver = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfDowngradeVersionTestRequest);
      }
    }
    return { ver };
  },
  write(writer, message) {
    if (message.ver !== "") writer.string(10, message.ver);
  },
};

export interface RequestHeader {
  readonly id: bigint;
  /** the user of the caller's token */
  readonly username: string;
  /** the revision of users and roles at which the token was checked */
  readonly authRevision: number;
}

const fieldsOfRequestHeader: FieldNumbers = {
  message: "etcdserverpb.RequestHeader",
  numbers: [1, 2, 3],
};

export const RequestHeader: Codec<RequestHeader> = {
  create({
    id = 0n,
    username = "",
    authRevision = 0,
  }: Partial<RequestHeader> = {}) {
    return { id, username, authRevision };
  },
  encode(message) {
    const writer = sharedWriter.start();
    RequestHeader.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return RequestHeader.read(new Reader(bytes));
  },
  read(reader, base) {
    let id = base === undefined ? 0n : base.id;
    let username = base === undefined ? "" : base.username;
    let authRevision = base === undefined ? 0 : base.authRevision;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 18:
          username = reader.string();
          break;
        case 24:
          authRevision = reader.uint53();
          break;
        default:
          reader.skip(tag, fieldsOfRequestHeader);
      }
    }
    return { id, username, authRevision };
  },
  write(writer, message) {
    if (message.authRevision !== 0) writer.int53(24, message.authRevision);
    if (message.username !== "") writer.string(18, message.username);
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

/** A login in the log. The member that received it has already generated the token. */
export interface InternalAuthenticateRequest {
  readonly name: string;
  readonly password: string;
  readonly simpleToken: string;
}

const fieldsOfInternalAuthenticateRequest: FieldNumbers = {
  message: "etcdserverpb.InternalAuthenticateRequest",
  numbers: [1, 2, 3],
};

export const InternalAuthenticateRequest: Codec<InternalAuthenticateRequest> = {
  create({
    name = "",
    password = "",
    simpleToken = "",
  }: Partial<InternalAuthenticateRequest> = {}) {
    return { name, password, simpleToken };
  },
  encode(message) {
    const writer = sharedWriter.start();
    InternalAuthenticateRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return InternalAuthenticateRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    let password = base === undefined ? "" : base.password;
    let simpleToken = base === undefined ? "" : base.simpleToken;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          password = reader.string();
          break;
        case 26:
          simpleToken = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfInternalAuthenticateRequest);
      }
    }
    return { name, password, simpleToken };
  },
  write(writer, message) {
    if (message.simpleToken !== "") writer.string(26, message.simpleToken);
    if (message.password !== "") writer.string(18, message.password);
    if (message.name !== "") writer.string(10, message.name);
  },
};

export type EmptyResponse = Readonly<Record<string, never>>;

const fieldsOfEmptyResponse: FieldNumbers = {
  message: "etcdserverpb.EmptyResponse",
  numbers: [],
};

export const EmptyResponse: Codec<EmptyResponse> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    EmptyResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return EmptyResponse.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfEmptyResponse);
    return {};
  },
  write() {},
};
