import type { Clock, Key } from "../base/index.js";
import {
  type AlarmRequest,
  type AuthRoleGrantPermissionRequest,
  type AuthRoleRevokePermissionRequest,
  type AuthUserAddRequest,
  type CompactionRequest,
  type Compare,
  type Decoded,
  type DeleteRangeRequest,
  type DowngradeRequest,
  type LeaseGrantRequest,
  type LeaseKeepAliveResponse,
  type LeaseTimeToLiveRequest,
  type MemberAddRequest,
  type MemberUpdateRequest,
  type PutRequest,
  type RangeRequest,
  type RangeResponse,
  type SnapshotResponse,
  services,
  type TxnRequest,
} from "../wire/index.js";
import { Answers } from "./answers.js";
import { Caller } from "./caller.js";
import type { Calls, PagedRange } from "./calls.js";
import { jsonCodec, textCodec, type ValueCodec } from "./codecs.js";
import type { KeepAlive } from "./keep-alive.js";
import { KeepAliveHub, keepAliveOnce } from "./keep-alive-hub.js";
import { namespaced } from "./namespace.js";
import type { CallOptions, CommonOptions } from "./options.js";
import { RangePages } from "./range-pages.js";
import type { CallTracer } from "./tracing.js";
import { Transaction } from "./transaction.js";
import type { Transport } from "./transport.js";
import { Values } from "./values.js";
import type { Watch, WatchOptions } from "./watch.js";
import { WatchHub } from "./watch-hub.js";

const kv = services["etcdserverpb.KV"];
const lease = services["etcdserverpb.Lease"];
const cluster = services["etcdserverpb.Cluster"];
const maintenance = services["etcdserverpb.Maintenance"];
const auth = services["etcdserverpb.Auth"];

/**
 * A client of a cluster over any transport, for any number of concurrent calls and streams.
 *
 * Calls take etcd's own messages; omitted fields are zero. Keys are strings with one character for each byte:
 * `keyFromText` converts text; values are bytes. Every call may throw a `ClientError`. Reads, and calls that may safely
 * happen twice, are retried at other members. A write is retried only when it surely was not sent, so after the error
 * Unavailable or DeadlineExceeded a write may or may not have happened.
 */
export class EtcdClient implements Calls, AsyncDisposable {
  readonly #caller: Caller;
  readonly #watches: WatchHub;
  readonly #watchesOfLeaders: WatchHub;
  readonly #keepAlives: KeepAliveHub;
  readonly #ranges: RangePages;

  readonly #transport: Transport;
  readonly #options: CommonOptions;
  readonly #tracer: Promise<CallTracer | undefined> | undefined;
  /** Keys and values as text. */
  readonly text: Values<string>;

  constructor(transport: Transport, options: CommonOptions = {}, tracer?: Promise<CallTracer | undefined>) {
    this.#tracer = tracer;
    this.#transport = transport;
    this.#options = options;
    this.text = new Values(this, textCodec);
    this.#caller = new Caller(transport, options, tracer);
    this.#watches = new WatchHub(this.#caller, {});
    this.#watchesOfLeaders = new WatchHub(this.#caller, { requireLeader: true });
    this.#keepAlives = new KeepAliveHub(this.#caller);
    this.#ranges = new RangePages(this.#caller, this);
  }

  /** The endpoints as they were configured. */
  get endpoints(): readonly string[] {
    return this.#caller.endpoints;
  }

  /** Source of time of this client. */
  get clock(): Clock {
    return this.#caller.clock;
  }

  /** Keys as text, values of another type: `client.values(bytesCodec)`. */
  values<T>(codec: ValueCodec<T>): Values<T> {
    return new Values(this, codec);
  }

  /** Keys as text, values as JSON. `check` verifies and returns what was read; without it the type is a claim. */
  json<T>(check?: (value: unknown) => T): Values<T> {
    return new Values(this, jsonCodec(check));
  }

  /**
   * The same cluster with a prefix before all keys: everything that works with this client works within the prefix.
   * Closing it ends its watches and leases only. Its streams are its own.
   */
  namespace(prefix: Key): EtcdClient {
    return new EtcdClient(namespaced(this.#transport, prefix), this.#options, this.#tracer);
  }

  /** Fetches the token of `ClientOptions.auth` now; otherwise the first call does. */
  authenticate(timeoutMs?: number): Promise<void> {
    return this.#caller.authenticate(timeoutMs);
  }

  /** Closes every stream and connection; calls under way fail. */
  close(): void {
    this.#watches.end();
    this.#watchesOfLeaders.end();
    this.#keepAlives.end();
    this.#caller.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Reads the keys of `[key, rangeEnd)`, or `key` alone. */
  range(request: Partial<RangeRequest>, call?: CallOptions) {
    return this.#caller.unary(kv.Range, request, { ...call, idempotent: true });
  }

  /** Sets a key. */
  put(request: Partial<PutRequest>, call?: CallOptions) {
    return this.#caller.unary(kv.Put, request, call);
  }

  /** Deletes the keys of `[key, rangeEnd)`, or `key` alone. */
  deleteRange(request: Partial<DeleteRangeRequest>, call?: CallOptions) {
    return this.#caller.unary(kv.DeleteRange, request, call);
  }

  /** Performs all operations of `success` if all comparisons hold, otherwise those of `failure`. */
  txn(request: Partial<TxnRequest>, call?: CallOptions) {
    return this.#caller.unary(kv.Txn, request, call);
  }

  /**
   * Begins a transaction that is performed if all comparisons hold, and whose answers are typed: see `Transaction`.
   * Without comparisons its operations are always performed.
   */
  if(...comparisons: readonly Compare[]): Transaction {
    return new Transaction(this, comparisons, [], []);
  }

  /**
   * Reads a long range page by page in key order, all at one revision: that of the first page when the request names
   * none. Servers with RangeStream (etcd 3.7) send all but the first page on one stream. The time limit of the call is
   * that of each page.
   *
   * A compaction of that revision in between ends it with the error "required revision has been compacted".
   */
  pages(range: PagedRange, call?: CallOptions): AsyncGenerator<Decoded<RangeResponse>, void> {
    return this.#ranges.pages(range, call);
  }

  /**
   * Streams a range in chunks at one revision, in key order; since etcd 3.7. Only the last chunk has a header and a
   * count. `pages` works with every server, and goes on when a connection is lost.
   *
   * @throws ClientError Unimplemented from older servers
   */
  async *rangeStream(
    request: Partial<RangeRequest>,
    call: CallOptions = {},
  ): AsyncGenerator<Decoded<RangeResponse>, void> {
    for await (const { rangeResponse } of await Answers.open(this.#caller, kv.RangeStream, request, call)) {
      if (rangeResponse !== undefined) yield rangeResponse;
    }
  }

  /** Compacts the history before a revision. */
  compact(request: Partial<CompactionRequest>, call?: CallOptions) {
    return this.#caller.unary(kv.Compact, request, call);
  }

  /**
   * Resolves when a server has created the watch: no later event is missed. The time limit of the call ends with that;
   * its signal also ends the watch later. With `requireLeader` the watch fails when its member loses the leader;
   * otherwise it waits for a new one.
   *
   * @throws ClientError DeadlineExceeded when no server has created it in time; without a limit it waits for a server
   */
  watch(options: WatchOptions, call: CallOptions = {}): Promise<Watch> {
    return (call.requireLeader === true ? this.#watchesOfLeaders : this.#watches).watch(options, call);
  }

  /** Requests a progress notice for every watch: the revision up to which it has received all events. */
  requestProgress(): void {
    this.#watches.requestProgress();
    this.#watchesOfLeaders.requestProgress();
  }

  /** Grants a lease of `ttl` seconds. It ends unless it is renewed: see `keepAlive` and `grantKeptLease`. */
  grantLease(request: Partial<LeaseGrantRequest>, call?: CallOptions) {
    return this.#caller.unary(lease.LeaseGrant, request, { ...call, idempotent: true });
  }

  /** Ends a lease, and deletes the keys that are attached to it. */
  revokeLease(id: bigint, call?: CallOptions) {
    return this.#caller.unary(lease.LeaseRevoke, { id }, { ...call, idempotent: true });
  }

  /** Remaining and granted seconds of a lease, and its keys on request; -1 when there is no such lease. */
  leaseTimeToLive(request: Partial<LeaseTimeToLiveRequest>, call?: CallOptions) {
    return this.#caller.unary(lease.LeaseTimeToLive, request, { ...call, idempotent: true });
  }

  /** The ids of all leases. */
  leases(call?: CallOptions) {
    return this.#caller.unary(lease.LeaseLeases, {}, { ...call, idempotent: true });
  }

  /** Keeps renewing a lease until it is gone. */
  keepAlive(id: bigint): KeepAlive {
    return this.#keepAlives.keep(id);
  }

  /**
   * Grants a lease and keeps renewing it. Its life counts from before the request, so it is never believed to live
   * longer than it does, even when no renewal is answered.
   */
  async grantKeptLease(request: Partial<LeaseGrantRequest>, call?: CallOptions): Promise<KeepAlive> {
    const since = this.#caller.clock.now();
    const { id, ttl } = await this.grantLease(request, call);
    return this.#keepAlives.keep(id, since + ttl * 1_000);
  }

  /** Renews a lease once. */
  keepAliveOnce(id: bigint, call: CallOptions = {}): Promise<LeaseKeepAliveResponse> {
    return keepAliveOnce(this.#caller, id, call);
  }

  /** Adds a member by its peer URLs, as a learner on request. It must be started next. */
  addMember(request: Partial<MemberAddRequest>, call?: CallOptions) {
    return this.#caller.unary(cluster.MemberAdd, request, call);
  }

  /** Removes a member from the cluster for good. */
  removeMember(id: bigint, call?: CallOptions) {
    return this.#caller.unary(cluster.MemberRemove, { id }, call);
  }

  /** Changes the peer URLs of a member. */
  updateMember(request: Partial<MemberUpdateRequest>, call?: CallOptions) {
    return this.#caller.unary(cluster.MemberUpdate, request, call);
  }

  /** Promotes a learner to a voter. */
  promoteMember(id: bigint, call?: CallOptions) {
    return this.#caller.unary(cluster.MemberPromote, { id }, call);
  }

  /** All members of the cluster; with `serializable`, as the member that answers knows them. */
  members(call: CallOptions & { readonly serializable?: boolean } = {}) {
    const request = { linearizable: call.serializable !== true };
    return this.#caller.unary(cluster.MemberList, request, { ...call, idempotent: true });
  }

  /** Lists, raises or ends alarms, by `action`. */
  alarm(request: Partial<AlarmRequest>, call?: CallOptions) {
    return this.#caller.unary(maintenance.Alarm, request, { ...call, idempotent: true });
  }

  /**
   * Status of the member that answers. To choose the member, ask a client that has one endpoint; the same goes for the
   * three methods below.
   */
  status(call?: CallOptions) {
    return this.#caller.unary(maintenance.Status, {}, { ...call, idempotent: true });
  }

  /** The hash of all keys at a revision, to compare members; 0 means the current one. */
  hashKv(revision: number, call?: CallOptions) {
    return this.#caller.unary(maintenance.HashKV, { revision }, { ...call, idempotent: true });
  }

  /** Rewrites the database file of a member, which serves no calls meanwhile. */
  defragment(call?: CallOptions) {
    return this.#caller.unary(maintenance.Defragment, {}, call);
  }

  /** Hands the leadership to another member. Only the leader does it. */
  moveLeader(targetId: bigint, call?: CallOptions) {
    return this.#caller.unary(maintenance.MoveLeader, { targetId }, { ...call, idempotent: true });
  }

  /** Checks, starts or ends a downgrade of the cluster to an older release, by `action`. */
  downgrade(request: Partial<DowngradeRequest>, call?: CallOptions) {
    return this.#caller.unary(maintenance.Downgrade, request, call);
  }

  /** The whole database of a member in pieces, as an etcd file; its last 32 bytes are the SHA-256 of the others. */
  async *snapshot(call: CallOptions = {}): AsyncGenerator<SnapshotResponse, void> {
    yield* await Answers.open(this.#caller, maintenance.Snapshot, {}, call);
  }

  /** Enables authentication; a user `root` with the role `root` must exist. */
  enableAuth(call?: CallOptions) {
    return this.#caller.unary(auth.AuthEnable, {}, call);
  }

  /** Disables authentication. */
  disableAuth(call?: CallOptions) {
    return this.#caller.unary(auth.AuthDisable, {}, call);
  }

  /** Whether authentication is enabled, and the revision of users and roles. */
  authStatus(call?: CallOptions) {
    return this.#caller.unary(auth.AuthStatus, {}, call);
  }

  /** Adds a user, with a password unless `options.noPassword` is set. */
  addUser(request: Partial<AuthUserAddRequest>, call?: CallOptions) {
    return this.#caller.unary(auth.UserAdd, request, call);
  }

  /** The roles of a user. */
  user(name: string, call?: CallOptions) {
    return this.#caller.unary(auth.UserGet, { name }, { ...call, idempotent: true });
  }

  /** The names of all users. */
  users(call?: CallOptions) {
    return this.#caller.unary(auth.UserList, {}, { ...call, idempotent: true });
  }

  /** Deletes a user. */
  deleteUser(name: string, call?: CallOptions) {
    return this.#caller.unary(auth.UserDelete, { name }, call);
  }

  /** Sets the password of a user. */
  changePassword(name: string, password: string, call?: CallOptions) {
    return this.#caller.unary(auth.UserChangePassword, { name, password }, call);
  }

  /** Gives a role to a user. */
  grantRole(user: string, role: string, call?: CallOptions) {
    return this.#caller.unary(auth.UserGrantRole, { user, role }, call);
  }

  /** Takes a role from a user. */
  revokeRole(name: string, role: string, call?: CallOptions) {
    return this.#caller.unary(auth.UserRevokeRole, { name, role }, call);
  }

  /** Adds a role. */
  addRole(name: string, call?: CallOptions) {
    return this.#caller.unary(auth.RoleAdd, { name }, call);
  }

  /** The permissions of a role. */
  role(role: string, call?: CallOptions) {
    return this.#caller.unary(auth.RoleGet, { role }, { ...call, idempotent: true });
  }

  /** The names of all roles. */
  roles(call?: CallOptions) {
    return this.#caller.unary(auth.RoleList, {}, { ...call, idempotent: true });
  }

  /** Deletes a role, and takes it from all users. */
  deleteRole(role: string, call?: CallOptions) {
    return this.#caller.unary(auth.RoleDelete, { role }, call);
  }

  /** Lets a role read or write the keys of a range. */
  grantPermission(request: Partial<AuthRoleGrantPermissionRequest>, call?: CallOptions) {
    return this.#caller.unary(auth.RoleGrantPermission, request, call);
  }

  /** Takes the permission for a range from a role. */
  revokePermission(request: Partial<AuthRoleRevokePermissionRequest>, call?: CallOptions) {
    return this.#caller.unary(auth.RoleRevokePermission, request, call);
  }
}
