import type { Backend } from "../backend/index.js";
import {
  type ApiLevel,
  assert,
  assertNever,
  type ClusterId,
  type ErrorKind,
  type Logger,
  type MemberId,
} from "../base/index.js";
import type { ConfChangeV1 } from "../raft/index.js";
import { type DowngradeInfo, requireCompatible, shortVersion } from "./cluster-version.js";
import { refuseConfChange } from "./conf-change-check.js";
import { decodeConfChangeContext, decodeMember } from "./json.js";
import { compareIds, idText, type Member, type MemberAttributes } from "./member.js";
import { loadMembership, replaceMembership, saveDowngrade, saveMember, saveRemoval, saveVersion } from "./records.js";
import { decodeV2Store, encodeV2Store } from "./v2-store.js";

export interface ClusterOptions {
  readonly level: ApiLevel;
  /**
   * The most learners at a time, 1 by default. As in etcd, the limit is decisive when a change is applied, so it must
   * be the same on all members.
   */
  readonly maxLearners?: number;
  readonly backend: Backend;
  readonly logger: Logger;
  readonly clusterId: ClusterId;
  readonly localId: MemberId;
}

/** The members of the cluster and the cluster version, as of the applied log. Only applying the log changes them. */
export class Cluster {
  readonly clusterId: ClusterId;
  readonly localId: MemberId;
  readonly #level: ApiLevel;
  readonly #maxLearners: number;
  readonly #backend: Backend;
  readonly #logger: Logger;
  readonly #members = new Map<MemberId, Member>();
  readonly #removed = new Set<MemberId>();
  #version: string | undefined;
  /** Called with the earlier version when the cluster version has changed. */
  readonly #onVersion: ((before: string | undefined) => void)[] = [];
  /** Called once, when this member is known to be in the cluster. */
  #onJoined: (() => void)[] = [];
  #downgrade: DowngradeInfo = { enabled: false, targetVersion: "" };

  constructor({ level, maxLearners = 1, backend, logger, clusterId, localId }: ClusterOptions) {
    this.#level = level;
    this.#maxLearners = maxLearners;
    this.#backend = backend;
    this.#logger = logger;
    this.clusterId = clusterId;
    this.localId = localId;
  }

  /**
   * Reads the membership that an earlier run has stored.
   * @throws Error when this release is too old for the cluster's version
   */
  async restore(): Promise<void> {
    const stored = await loadMembership(this.#backend);
    requireCompatible(this.#level, stored.version, stored.downgrade);
    this.#version = stored.version;
    this.#downgrade = stored.downgrade;
    for (const id of stored.removed) this.#removed.add(id);
    for (const member of stored.members) this.#recover(member);
    if (stored.version === undefined) return;
    const version = shortVersion(stored.version);
    this.#logger.info("set cluster version from store", { "cluster-version": version });
    this.#logger.info("enabled capabilities for version", { "cluster-version": version });
  }

  /** The data for a raft snapshot of the current state. */
  snapshotData(): Uint8Array {
    return encodeV2Store({ members: this.members(), removed: [...this.#removed], version: this.#version });
  }

  /**
   * Replaces the membership by the one in the data of a raft snapshot, whose database the backend already holds.
   * Members of etcd 3.8 and later send no data: then the database's own membership counts.
   *
   * @throws Error when the data is malformed, or this release is too old for the cluster's version
   */
  async restoreSnapshot(data: Uint8Array): Promise<void> {
    const stored = await loadMembership(this.#backend);
    const membership = data.byteLength === 0 ? stored : decodeV2Store(data);
    const before = this.#version;
    requireCompatible(this.#level, membership.version, stored.downgrade);
    if (membership !== stored) replaceMembership(this.#backend, stored, membership);
    this.#downgrade = stored.downgrade;
    this.#version = membership.version;
    this.#removed.clear();
    for (const id of membership.removed) this.#removed.add(id);
    this.#members.clear();
    for (const member of membership.members) this.#recover(member);
    if (membership.version === undefined) return;
    this.#logger.info("set cluster version from store", { "cluster-version": shortVersion(membership.version) });
    this.#tell(before);
  }

  /** All members in the order of their ids. */
  members(): Member[] {
    return [...this.#members.values()].sort((one, other) => compareIds(one.id, other.id));
  }

  member(id: MemberId): Member | undefined {
    return this.#members.get(id);
  }

  /** Resolves when this member is known to be in the cluster: one that joins learns that from the log. */
  whenJoined(): Promise<void> {
    if (this.#members.has(this.localId)) return Promise.resolve();
    return new Promise((resolve) => this.#onJoined.push(resolve));
  }

  /** Whether this member is a learner. */
  get localIsLearner(): boolean {
    return this.#members.get(this.localId)?.isLearner === true;
  }

  /** The ids of all members that were ever removed. */
  removedIds(): readonly MemberId[] {
    return [...this.#removed];
  }

  /** Whether a member with this id was removed; such an id never comes back. */
  isRemoved(id: MemberId): boolean {
    return this.#removed.has(id);
  }

  /**
   * The cluster version, the oldest release that a member may have, such as `3.5.0`; undefined until members have
   * agreed on one.
   */
  get version(): string | undefined {
    return this.#version;
  }

  /** Calls `listener` with the earlier version whenever the cluster version has changed. */
  onVersion(listener: (before: string | undefined) => void): void {
    this.#onVersion.push(listener);
  }

  get downgrade(): DowngradeInfo {
    return this.#downgrade;
  }

  /** The error with which the membership refuses a change; undefined when it allows the change. */
  refusesConfChange(change: ConfChangeV1): ErrorKind | undefined {
    return refuseConfChange(change, this.#members, this.#removed, this.#maxLearners);
  }

  /** Applies a change that is not refused. */
  applyConfChange(change: ConfChangeV1): void {
    switch (change.type) {
      case "ConfChangeAddNode":
      case "ConfChangeAddLearnerNode": {
        const { member, isPromote } = decodeConfChangeContext(change.context);
        assert(member.id === change.nodeId, "a conf change and its context name one member");
        if (isPromote) this.#promoteMember(member.id);
        else this.#addMember(member);
        break;
      }
      case "ConfChangeRemoveNode":
        this.#removeMember(change.nodeId as MemberId);
        break;
      case "ConfChangeUpdateNode": {
        const { id, peerUrls } = decodeMember(Buffer.from(change.context).toString("utf8"));
        assert(id === change.nodeId, "a conf change and its context name one member");
        this.#updatePeerUrls(id, peerUrls);
        break;
      }
      default:
        assertNever(change.type);
    }
  }

  /** A member has published its name and client URLs. */
  updateAttributes(id: MemberId, { name, clientUrls }: MemberAttributes): void {
    const member = this.#members.get(id);
    if (member !== undefined) {
      this.#set({ ...member, name, clientUrls });
      return;
    }
    assert(this.#removed.has(id), "a member that publishes is or was in the cluster");
    const names = { ...this.#names(), "updated-peer-id": idText(id) };
    this.#logger.warn("skipped attributes update of removed member", names);
  }

  /** @throws Error when this release is too old for the version: the member must stop */
  setVersion(version: string): void {
    requireCompatible(this.#level, version, this.#downgrade);
    const before = this.#version;
    if (before === undefined) {
      const names = { ...this.#names(), "cluster-version": shortVersion(version) };
      this.#logger.info("set initial cluster version", names);
    } else {
      const names = { ...this.#names(), from: shortVersion(before), to: shortVersion(version) };
      this.#logger.info("updated cluster version", names);
    }
    this.#version = version;
    saveVersion(this.#backend, version);
    if (version === before) return;
    this.#logger.info("enabled capabilities for version", { "cluster-version": shortVersion(version) });
    this.#tell(before);
  }

  setDowngrade(downgrade: DowngradeInfo): void {
    this.#downgrade = downgrade;
    saveDowngrade(this.#backend, downgrade);
  }

  #tell(before: string | undefined): void {
    if (before !== this.#version) for (const listener of this.#onVersion) listener(before);
  }

  #recover(member: Member): void {
    this.#take(member);
    this.#logger.info("recovered/added member from store", {
      ...this.#names(),
      "recovered-remote-peer-id": idText(member.id),
      "recovered-remote-peer-urls": member.peerUrls,
    });
  }

  #addMember(member: Member): void {
    this.#set(member);
    this.#logger.info("added member", {
      ...this.#names(),
      "added-peer-id": idText(member.id),
      "added-peer-peer-urls": member.peerUrls,
      "added-peer-is-learner": member.isLearner,
    });
  }

  #removeMember(id: MemberId): void {
    const member = this.#members.get(id);
    assert(member !== undefined, "a member that is removed is in the cluster");
    this.#members.delete(id);
    this.#removed.add(id);
    saveRemoval(this.#backend, id);
    this.#logger.info("removed member", {
      ...this.#names(),
      "removed-remote-peer-id": idText(id),
      "removed-remote-peer-urls": member.peerUrls,
      "removed-remote-peer-is-learner": member.isLearner,
    });
  }

  #promoteMember(id: MemberId): void {
    const member = this.#members.get(id);
    assert(member !== undefined, "a member that is promoted is in the cluster");
    this.#set({ ...member, isLearner: false });
    this.#logger.info("promote member", { ...this.#names(), "promoted-member-id": idText(id) });
  }

  #updatePeerUrls(id: MemberId, peerUrls: readonly string[]): void {
    const member = this.#members.get(id);
    assert(member !== undefined, "a member that is updated is in the cluster");
    this.#set({ ...member, peerUrls });
    const names = { "updated-remote-peer-id": idText(id), "updated-remote-peer-urls": peerUrls };
    this.#logger.info("updated member", { ...this.#names(), ...names });
  }

  #set(member: Member): void {
    this.#take(member);
    saveMember(this.#backend, member);
  }

  #take(member: Member): void {
    this.#members.set(member.id, member);
    if (member.id !== this.localId) return;
    for (const joined of this.#onJoined) joined();
    this.#onJoined = [];
  }

  #names(): { readonly "cluster-id": string; readonly "local-member-id": string } {
    return { "cluster-id": idText(this.clusterId), "local-member-id": idText(this.localId) };
  }
}
