import { type Clock, EtcdError, errorText, type Logger, type MemberId } from "../../base/index.js";
import {
  type Cluster,
  computeMemberId,
  encodeConfChangeContext,
  encodeMember,
  idText,
  type Member,
  parsePeerUrls,
} from "../../cluster/index.js";
import type { ConfChangeV1, Status } from "../../raft/index.js";
import {
  type MemberAddRequest,
  MemberAddResponse,
  type MemberListRequest,
  MemberListResponse,
  type MemberPromoteRequest,
  MemberPromoteResponse,
  type MemberRemoveRequest,
  MemberRemoveResponse,
  type MemberUpdateRequest,
  MemberUpdateResponse,
} from "../../wire/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import type { Headers } from "../calls/headers.js";
import type { Asked } from "../consensus/contract.js";
import type { ServerCounters } from "../counters.js";
import type { LogPosition } from "../log/log-position.js";
import type { ReadIndex } from "../log/read-index.js";
import type { LeaderQuestions } from "./leader-questions.js";
import {
  type ReconfigurationView,
  refuseToAdd,
  refuseToPromote,
  refuseToRemove,
  refuseUnready,
} from "./reconfiguration.js";

export interface MembershipServiceConfig {
  readonly cluster: Cluster;
  readonly access: Access;
  /** Whether unsafe changes are refused: `--strict-reconfig-check`. */
  readonly strict: boolean;
  /** Proposes a conf change. Resolves when it has been applied, rejects with the refusal. */
  readonly configure: (change: Pick<ConfChangeV1, "type" | "nodeId" | "context">, call?: Call) => Promise<void>;
  readonly activeSince: (id: MemberId) => number | undefined;
  readonly raftStatus: () => Asked<Status>;
  readonly position: LogPosition;
  readonly readIndex: ReadIndex;
  readonly questions: LeaderQuestions;
  readonly headers: Headers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
}

/** Lists and changes the members of the cluster. Changes go through the log. */
export class MembershipService {
  readonly #config: MembershipServiceConfig;

  constructor(config: MembershipServiceConfig) {
    this.#config = config;
  }

  async list({ linearizable }: MemberListRequest, call: Call): Promise<MemberListResponse> {
    const { cluster, access, readIndex, headers } = this.#config;
    if (linearizable) await readIndex.wait(call);
    await access.requireUser(call);
    return MemberListResponse.create({ header: headers.withoutRevision(), members: cluster.members() });
  }

  /**
   * Adds a member. @throws EtcdError `memberBadUrls`, `memberNotEnoughStarted`, `unhealthy`, or refused by the apply
   */
  async add({ peerUrls: texts, isLearner }: MemberAddRequest, call: Call): Promise<MemberAddResponse> {
    const peerUrls = parsePeerUrls(texts);
    if (peerUrls === undefined) throw new EtcdError("memberBadUrls");
    await this.#config.access.requireAdmin(call);
    // The time gives the member another id than a removed one with the same URLs.
    const unixSeconds = Math.floor(this.#config.clock.wallTime() / 1000);
    const id = computeMemberId(peerUrls, "", unixSeconds);
    const member: Member = { id, name: "", peerUrls, clientUrls: [], isLearner };
    this.#refuse((view) => refuseToAdd(view, member));
    const type = isLearner ? "ConfChangeAddLearnerNode" : "ConfChangeAddNode";
    await this.#configure(type, id, Buffer.from(encodeMember(member), "utf8"), call);
    return MemberAddResponse.create({ ...this.#answer(), member });
  }

  /** Removes a member. @throws EtcdError `memberNotEnoughStarted`, `unhealthy`, or refused by the apply */
  async remove({ id }: MemberRemoveRequest, call: Call): Promise<MemberRemoveResponse> {
    await this.#config.access.requireAdmin(call);
    this.#refuse((view) => refuseToRemove(view, id as MemberId));
    await this.#configure("ConfChangeRemoveNode", id as MemberId, new Uint8Array(0), call);
    return MemberRemoveResponse.create(this.#answer());
  }

  /**
   * Changes the peer URLs of a member.
   *
   * @throws EtcdError `memberBadUrls`, also for invalid URLs that etcd accepts and that then stop all members; or
   *   refused by the apply
   */
  async update({ id: updated, peerUrls }: MemberUpdateRequest, call: Call): Promise<MemberUpdateResponse> {
    await this.#config.access.requireAdmin(call);
    if (parsePeerUrls(peerUrls) === undefined) throw new EtcdError("memberBadUrls");
    const id = updated as MemberId;
    const member: Member = { id, name: "", peerUrls, clientUrls: [], isLearner: false };
    await this.#configure("ConfChangeUpdateNode", id, Buffer.from(encodeMember(member), "utf8"), call);
    return MemberUpdateResponse.create(this.#answer());
  }

  /** Promotes a learner to a voter. Only the leader knows whether the learner is ready, so other members ask it. */
  async promote({ id }: MemberPromoteRequest, call: Call): Promise<MemberPromoteResponse> {
    const { questions, access } = this.#config;
    await access.requireAdmin(call);
    const token = call.metadata("token") ?? call.metadata("authorization") ?? "";
    const members = await questions.ask(
      {
        here: () => this.#promoteHere(id as MemberId, call),
        there: (client, url, signal) => client.promote(url, id as MemberId, token, signal),
        isAnswer: ({ kind }) => kind !== "notLeader" && kind !== "timeout",
      },
      call.signal,
    );
    return MemberPromoteResponse.create({ ...this.#answer(), members: [...members] });
  }

  /**
   * Promotes a learner as the leader, for a member that a client has asked.
   *
   * @param token the client's auth token
   * @returns all members
   */
  async promoteForPeer(id: MemberId, token: string): Promise<readonly Member[]> {
    const call: Call = {
      cancelled: false,
      signal: new AbortController().signal,
      metadata: (name) => (name === "token" && token !== "" ? token : undefined),
    };
    await this.#config.access.requireAdmin(call);
    return await this.#promoteHere(id);
  }

  /**
   * Promotes a learner as the leader, and counts the result.
   *
   * @returns all members
   * @throws EtcdError `notLeader`; `memberNotFound`, `learnerNotReady`, `memberNotEnoughStarted`, `memberNotLearner`
   */
  async #promoteHere(id: MemberId, call?: Call): Promise<readonly Member[]> {
    const { counters } = this.#config;
    try {
      const members = await this.#promote(id, call);
      counters.promotions++;
      return members;
    } catch (error) {
      const reason = errorText(error);
      // As in etcd, only the leader counts refusals, not a member that had to ask it.
      if (error instanceof EtcdError && error.kind === "notLeader") throw error;
      counters.refusedPromotions.set(reason, (counters.refusedPromotions.get(reason) ?? 0) + 1);
      throw error;
    }
  }

  async #promote(id: MemberId, call?: Call): Promise<readonly Member[]> {
    await this.#requireReady(id);
    this.#refuse((view) => refuseToPromote(view, id));
    const member: Member = { id, name: "", peerUrls: [], clientUrls: [], isLearner: false };
    await this.#configure("ConfChangeAddNode", id, encodeConfChangeContext({ member, isPromote: true }), call);
    return this.#config.cluster.members();
  }

  /** Checks that a learner is ready. That it is no voter already is checked when the change is applied. */
  async #requireReady(id: MemberId): Promise<void> {
    const { clock, position, raftStatus } = this.#config;
    await position.allApplied(clock);
    const refusal = refuseUnready(await raftStatus(), id);
    if (refusal !== undefined) throw new EtcdError(refusal);
  }

  #refuse(judge: (view: ReconfigurationView) => ReturnType<typeof refuseToAdd>): void {
    const { strict } = this.#config;
    const refusal = strict ? judge(this.#config) : undefined;
    if (refusal !== undefined) throw new EtcdError(refusal);
  }

  async #configure(type: ConfChangeV1["type"], id: MemberId, context: Uint8Array, call?: Call): Promise<void> {
    const { cluster, configure, logger } = this.#config;
    await configure({ type, nodeId: id, context }, call);
    logger.info("applied a configuration change through raft", {
      "local-member-id": idText(cluster.localId),
      "raft-conf-change": type,
      "raft-conf-change-node-id": idText(id),
    });
  }

  #answer(): Pick<MemberListResponse, "header" | "members"> {
    const { cluster, headers } = this.#config;
    return { header: headers.withoutRevision(), members: cluster.members() };
  }
}
