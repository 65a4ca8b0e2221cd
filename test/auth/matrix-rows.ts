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
  authpb,
  CompactionRequest,
  Compare,
  DefragmentRequest,
  DeleteRangeRequest,
  HashKVRequest,
  HashRequest,
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  LeaseLeasesRequest,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
  MemberAddRequest,
  MemberListRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
  MemberUpdateRequest,
  type Method,
  MoveLeaderRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  SnapshotRequest,
  StatusRequest,
  services,
  TxnRequest,
  WatchCreateRequest,
  WatchRequest,
} from "../../src/wire/index.js";

// The requests of the matrix, which all users make to etcd and to our server. The answers of etcd 3.5 are in
// testdata/matrix-3.5.txt.

/** The users of the matrix. `nobody` sends no token, and `forger` an invalid one. */
export const askers = ["nobody", "forger", "reader", "writer", "both", "open", "idle", "root"] as const;
export type Asker = (typeof askers)[number];

/** A request. Its fields depend on the user if it uses up a lease or a key. */
export interface Row {
  readonly name: string;
  readonly path: string;
  readonly stream: boolean;
  readonly encode: (asker: Asker) => Uint8Array;
  /** A user who does not make the request, since it would change too much. */
  readonly spares?: Asker;
}

const kv = services["etcdserverpb.KV"];
const lease = services["etcdserverpb.Lease"];
const cluster = services["etcdserverpb.Cluster"];
const upkeep = services["etcdserverpb.Maintenance"];
const auth = services["etcdserverpb.Auth"];

function row<Request, Response>(
  name: string,
  method: Method<Request, Response>,
  request: Request | ((asker: Asker) => Request),
  more: Partial<Row> = {},
): Row {
  const make = (asker: Asker): Request => (request instanceof Function ? request(asker) : request);
  return { name, path: method.path, stream: false, encode: (asker) => method.request.encode(make(asker)), ...more };
}

type Range = readonly [key: string, rangeEnd: string];

/** Ranges to request. The roles have rights to [b, e), to p, and from x on. */
const ranges: Readonly<Record<string, Range>> = {
  "a key of mine": ["c", ""],
  "the first of mine": ["b", ""],
  "the key behind mine": ["e", ""],
  "a key of others": ["a", ""],
  "my single key": ["p", ""],
  "my single key as a range": ["p", "p\0"],
  "my range": ["b", "e"],
  "a part of my range": ["c", "d"],
  "a range from before mine": ["a", "d"],
  "a range to behind mine": ["c", "f"],
  "a range around my single key": ["o", "q"],
  "from a key of mine on": ["c", "\0"],
  "from my open key on": ["x", "\0"],
  "from behind my open key on": ["y", "\0"],
  everything: ["\0", "\0"],
  "an empty range of mine": ["c", "c"],
  "an inverted range of mine": ["d", "b"],
  "an inverted range of others": ["g", "f"],
};
const some = ["a key of mine", "a key of others", "my range", "a range to behind mine", "from my open key on"];

const value = Buffer.from("v");
const range = ([key, rangeEnd]: Range, more: Partial<RangeRequest> = {}): RangeRequest =>
  RangeRequest.create({ key, rangeEnd, ...more });
const remove = ([key, rangeEnd]: Range, prevKv = false): DeleteRangeRequest =>
  DeleteRangeRequest.create({ key, rangeEnd, prevKv });
const put = (key: string, more: Partial<PutRequest> = {}): PutRequest => PutRequest.create({ key, value, ...more });

const asRange = (request: RangeRequest): RequestOp => ({ request: { case: "requestRange", value: request } });
const asPut = (request: PutRequest): RequestOp => ({ request: { case: "requestPut", value: request } });
const asDelete = (request: DeleteRangeRequest): RequestOp => ({
  request: { case: "requestDeleteRange", value: request },
});
const asTxn = (request: TxnRequest): RequestOp => ({ request: { case: "requestTxn", value: request } });

/** The places of an operation in a txn. A txn without comparisons succeeds, and failing ones read a key open to all. */
const depths: Readonly<Record<string, (operation: RequestOp) => TxnRequest>> = {
  "a txn": (op) => TxnRequest.create({ success: [op] }),
  "the branch of a txn that is not taken": (op) => TxnRequest.create({ failure: [op] }),
  "a nested txn": (op) => TxnRequest.create({ success: [asTxn(TxnRequest.create({ success: [op] }))] }),
  "the other branch of a nested txn": (op) =>
    TxnRequest.create({ success: [asTxn(TxnRequest.create({ failure: [op] }))] }),
  "a nested txn in the other branch": (op) =>
    TxnRequest.create({ failure: [asTxn(TxnRequest.create({ success: [op] }))] }),
  "a txn three deep": (op) =>
    TxnRequest.create({
      success: [asTxn(TxnRequest.create({ failure: [asTxn(TxnRequest.create({ success: [op] }))] }))],
    }),
};

/** The leases, named for their keys. There is one for each user to revoke. */
export const leases = { mine: 101n, mixed: 102n, empty: 103n, unknown: 199n } as const;
export const revocable = (kind: keyof typeof leases, asker: Asker): bigint =>
  kind === "unknown" ? 999n : leases[kind] * 100n + BigInt(askers.indexOf(asker));
const leaseKinds = ["mine", "mixed", "empty", "unknown"] as const;

function readRows(): Row[] {
  const rows: Row[] = [];
  for (const [form, keys] of Object.entries(ranges)) {
    rows.push(row(`Range ${form}`, kv.Range, range(keys)));
    rows.push(row(`Range ${form}, serializable`, kv.Range, range(keys, { serializable: true })));
    rows.push(
      row(
        `Txn comparing ${form}`,
        kv.Txn,
        TxnRequest.create({
          compare: [Compare.create({ key: keys[0], rangeEnd: keys[1] })],
        }),
      ),
    );
    rows.push(watchRow(`Watch ${form}`, keys));
  }
  for (const form of some) {
    const keys = ranges[form] ?? ["", ""];
    rows.push(row(`Range ${form}, counting`, kv.Range, range(keys, { countOnly: true })));
    for (const [place, wrap] of Object.entries(depths)) {
      rows.push(row(`Range ${form} in ${place}`, kv.Txn, wrap(asRange(range(keys)))));
      rows.push(
        row(`Range ${form} in ${place}, serializable`, kv.Txn, wrap(asRange(range(keys, { serializable: true })))),
      );
    }
  }
  rows.push(watchRow("Watch no key, which is the smallest", ["", ""]));
  rows.push(watchRow("Watch no key and no end, which is everything", ["", "\0"]));
  return rows;
}

function watchRow(name: string, [key, rangeEnd]: Range): Row {
  const request = WatchRequest.create({
    requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key, rangeEnd }) },
  });
  return row(name, services["etcdserverpb.Watch"].Watch, request, { stream: true });
}

function writeRows(): Row[] {
  const rows: Row[] = [];
  for (const key of ["c", "b", "e", "a", "p", "x", "zz"]) {
    rows.push(row(`Put ${key}`, kv.Put, put(key)));
    rows.push(row(`Put ${key} with prevKv`, kv.Put, put(key, { prevKv: true })));
    for (const [place, wrap] of Object.entries(depths)) {
      rows.push(row(`Put ${key} in ${place}`, kv.Txn, wrap(asPut(put(key)))));
      rows.push(row(`Put ${key} with prevKv in ${place}`, kv.Txn, wrap(asPut(put(key, { prevKv: true })))));
    }
  }
  for (const kind of leaseKinds) {
    const leased = put("c", { lease: leases[kind] });
    rows.push(row(`Put c with a lease: ${kind}`, kv.Put, leased));
    for (const [place, wrap] of Object.entries(depths)) {
      rows.push(row(`Put c with a lease: ${kind}, in ${place}`, kv.Txn, wrap(asPut(leased))));
    }
  }
  rows.push(row("Put c, keeping its value", kv.Put, PutRequest.create({ key: "c", ignoreValue: true })));
  rows.push(row("Put c, keeping its lease", kv.Put, put("c", { ignoreLease: true })));
  return rows;
}

function deleteRows(): Row[] {
  const rows: Row[] = [];
  for (const form of some) {
    const keys = ranges[form] ?? ["", ""];
    for (const [place, wrap] of Object.entries(depths)) {
      rows.push(row(`DeleteRange ${form} in ${place}`, kv.Txn, wrap(asDelete(remove(keys)))));
      rows.push(row(`DeleteRange ${form} with prevKv in ${place}`, kv.Txn, wrap(asDelete(remove(keys, true)))));
    }
  }
  for (const [form, keys] of Object.entries(ranges)) {
    rows.push(row(`DeleteRange ${form}`, kv.DeleteRange, remove(keys)));
    rows.push(row(`DeleteRange ${form} with prevKv`, kv.DeleteRange, remove(keys, true)));
  }
  return rows;
}

function leaseRows(): Row[] {
  const rows: Row[] = [
    row("LeaseGrant", lease.LeaseGrant, LeaseGrantRequest.create({ ttl: 1000 })),
    row("LeaseLeases", lease.LeaseLeases, LeaseLeasesRequest.create()),
  ];
  for (const kind of leaseKinds) {
    const id = leases[kind];
    rows.push(row(`LeaseTimeToLive ${kind}`, lease.LeaseTimeToLive, LeaseTimeToLiveRequest.create({ id })));
    rows.push(
      row(
        `LeaseTimeToLive ${kind}, with keys`,
        lease.LeaseTimeToLive,
        LeaseTimeToLiveRequest.create({ id, keys: true }),
      ),
    );
    rows.push(
      row(`LeaseKeepAlive ${kind}`, lease.LeaseKeepAlive, LeaseKeepAliveRequest.create({ id }), { stream: true }),
    );
  }
  return rows;
}

function revokeRows(): Row[] {
  return leaseKinds.map((kind) =>
    row(`LeaseRevoke ${kind}`, lease.LeaseRevoke, (asker) => LeaseRevokeRequest.create({ id: revocable(kind, asker) })),
  );
}

function clusterRows(): Row[] {
  const peerUrls = ["http://127.0.0.1:1"];
  return [
    row("MemberList", cluster.MemberList, MemberListRequest.create()),
    row("MemberList, linearizable", cluster.MemberList, MemberListRequest.create({ linearizable: true })),
    row("MemberAdd with bad URLs", cluster.MemberAdd, MemberAddRequest.create({ peerUrls: ["x"] })),
    row("MemberAdd", cluster.MemberAdd, MemberAddRequest.create({ peerUrls }), { spares: "root" }),
    row("MemberRemove", cluster.MemberRemove, MemberRemoveRequest.create({ id: 1n })),
    row("MemberUpdate", cluster.MemberUpdate, MemberUpdateRequest.create({ id: 1n, peerUrls })),
    row("MemberPromote", cluster.MemberPromote, MemberPromoteRequest.create({ id: 1n })),
    row("Status", upkeep.Status, StatusRequest.create()),
    row("Alarm, asking", upkeep.Alarm, AlarmRequest.create()),
    row("Alarm, raising none", upkeep.Alarm, AlarmRequest.create({ action: 1 })),
    row("Alarm, taking back", upkeep.Alarm, AlarmRequest.create({ action: 2, alarm: 1 })),
    row("Defragment", upkeep.Defragment, DefragmentRequest.create()),
    row("Hash", upkeep.Hash, HashRequest.create()),
    row("HashKV", upkeep.HashKV, HashKVRequest.create()),
    row("Snapshot", upkeep.Snapshot, SnapshotRequest.create(), { stream: true }),
    row("MoveLeader", upkeep.MoveLeader, MoveLeaderRequest.create({ targetId: 1n })),
    row("Compact", kv.Compact, CompactionRequest.create({ revision: 1 })),
  ];
}

function authRows(): Row[] {
  const perm = authpb.Permission.create({ permType: authpb.PermissionType.READ, key: "k" });
  return [
    row("AuthStatus", auth.AuthStatus, AuthStatusRequest.create()),
    row("AuthEnable", auth.AuthEnable, AuthEnableRequest.create()),
    row("AuthDisable", auth.AuthDisable, AuthDisableRequest.create(), { spares: "root" }),
    row("UserList", auth.UserList, AuthUserListRequest.create()),
    row("UserGet oneself", auth.UserGet, (asker) => AuthUserGetRequest.create({ name: asker })),
    row("UserGet root", auth.UserGet, AuthUserGetRequest.create({ name: "root" })),
    row("UserGet whom there is not", auth.UserGet, AuthUserGetRequest.create({ name: "noone" })),
    row("UserAdd with no name", auth.UserAdd, AuthUserAddRequest.create({ password: "x" })),
    row("UserAdd again", auth.UserAdd, AuthUserAddRequest.create({ name: "root", password: "x" })),
    row("UserDelete root", auth.UserDelete, AuthUserDeleteRequest.create({ name: "root" })),
    row("UserDelete whom there is not", auth.UserDelete, AuthUserDeleteRequest.create({ name: "noone" })),
    row(
      "UserChangePassword of whom there is not",
      auth.UserChangePassword,
      AuthUserChangePasswordRequest.create({ name: "noone", password: "x" }),
    ),
    row(
      "UserChangePassword to a hash that is none",
      auth.UserChangePassword,
      AuthUserChangePasswordRequest.create({ name: "idle", hashedPassword: "!" }),
    ),
    row(
      "UserGrantRole that there is not",
      auth.UserGrantRole,
      AuthUserGrantRoleRequest.create({ user: "idle", role: "norole" }),
    ),
    row("UserGrantRole again", auth.UserGrantRole, AuthUserGrantRoleRequest.create({ user: "reader", role: "reads" })),
    row(
      "UserRevokeRole root from root",
      auth.UserRevokeRole,
      AuthUserRevokeRoleRequest.create({ name: "root", role: "root" }),
    ),
    row(
      "UserRevokeRole not granted",
      auth.UserRevokeRole,
      AuthUserRevokeRoleRequest.create({ name: "idle", role: "reads" }),
    ),
    row("RoleList", auth.RoleList, AuthRoleListRequest.create()),
    row("RoleGet reads", auth.RoleGet, AuthRoleGetRequest.create({ role: "reads" })),
    row("RoleGet root", auth.RoleGet, AuthRoleGetRequest.create({ role: "root" })),
    row("RoleGet that there is not", auth.RoleGet, AuthRoleGetRequest.create({ role: "norole" })),
    row("RoleAdd with no name", auth.RoleAdd, AuthRoleAddRequest.create()),
    row("RoleAdd again", auth.RoleAdd, AuthRoleAddRequest.create({ name: "reads" })),
    row("RoleDelete root", auth.RoleDelete, AuthRoleDeleteRequest.create({ role: "root" })),
    row("RoleDelete that there is not", auth.RoleDelete, AuthRoleDeleteRequest.create({ role: "norole" })),
    row(
      "RoleGrantPermission of none",
      auth.RoleGrantPermission,
      AuthRoleGrantPermissionRequest.create({ name: "reads" }),
    ),
    row(
      "RoleGrantPermission on an inverted range",
      auth.RoleGrantPermission,
      AuthRoleGrantPermissionRequest.create({ name: "reads", perm: { ...perm, rangeEnd: "a" } }),
    ),
    row(
      "RoleGrantPermission to what there is not",
      auth.RoleGrantPermission,
      AuthRoleGrantPermissionRequest.create({ name: "norole", perm }),
    ),
    row(
      "RoleRevokePermission not granted",
      auth.RoleRevokePermission,
      AuthRoleRevokePermissionRequest.create({ role: "reads", key: "nothing" }),
    ),
  ];
}

/** All requests. Deletes and revocations are last, since they remove data. */
export const rows: readonly Row[] = [
  ...readRows(),
  ...writeRows(),
  ...leaseRows(),
  ...clusterRows(),
  ...authRows(),
  ...revokeRows(),
  ...deleteRows(),
];
