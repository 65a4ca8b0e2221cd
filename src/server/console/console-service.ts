import { nobody } from "../../auth/index.js";
import {
  type ApiLevel,
  apiVersion,
  type Clock,
  EtcdError,
  LineSample,
  type Logger,
  type MemberId,
  type MemoryPot,
  omittedField,
  Semaphore,
  withTimeout,
} from "../../base/index.js";
import type { Cluster } from "../../cluster/index.js";
import type { Store } from "../../mvcc/index.js";
import { type PeerClient, PeerError } from "../../transport/index.js";
import { consolepb } from "../../wire/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import type { Headers } from "../calls/headers.js";
import { type AccessType, explainAccess } from "./explained-access.js";
import type { MemberOverview } from "./member-overview.js";
import { type Statistics, withoutData } from "./statistics.js";

export interface ConsoleServiceConfig {
  readonly level: ApiLevel;
  readonly memberId: MemberId;
  /** Whether the page offers changes. */
  readonly writes: boolean;
  readonly store: Store;
  readonly access: Access;
  readonly headers: Headers;
  readonly cluster: Cluster;
  /** Sends requests to peers; undefined for a member without peers. */
  readonly client: PeerClient | undefined;
  readonly overview: MemberOverview;
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The account for the results of reads. */
  readonly memory: MemoryPot;
}

/** The separator of folders by default. */
const separator = "/";
/** The number of nodes in an answer: by default, and at most. */
const nodesDefault = 500;
const nodesMax = 5_000;
/** The memory of a page of the tree while it is read and encoded. A page has about 1 MiB of keys at most. */
const pageBytes = 4 * 1024 * 1024;
/** How long another member may take to tell its statistics, and how many such questions are under way at most. */
const askMs = 5_000;
const asksMax = 4;

const noStatistics = consolepb.StatisticsResponse.create();

/** Answers what the console asks beside etcd's own API. Each call shows a user only what he may see otherwise, too. */
export class ConsoleService {
  readonly #config: ConsoleServiceConfig;
  readonly #asks = new Semaphore(asksMax);
  /** Any client can say that it is the console, so its lines are sampled. Refused changes hide no others. */
  readonly #made: LineSample;
  readonly #refused: LineSample;

  constructor(config: ConsoleServiceConfig) {
    this.#config = config;
    this.#made = new LineSample(config.clock);
    this.#refused = new LineSample(config.clock);
  }

  /** Needs no user: the page asks it before a login. */
  info(): consolepb.InfoResponse {
    const { level, memberId, writes, access, headers } = this.#config;
    return {
      header: headers.withoutRevision(),
      version: apiVersion(level),
      writes,
      separator,
      authEnabled: access.auth.enabled,
      memberId,
    };
  }

  /**
   * The children of a prefix, as far as the user may read them.
   *
   * @throws EtcdError `userEmpty`, `permissionDenied`; `futureRevision`, `compacted`; `overloaded`; `authOldRevision`,
   * when users or roles changed during the read
   */
  async tree(request: consolepb.TreeRequest, call: Call): Promise<consolepb.TreeResponse> {
    const { access, headers, memory, store } = this.#config;
    const who = (await access.identify(call)) ?? nobody;
    if (!memory.takeIfRoom(pageBytes)) await memory.admit(pageBytes, call);
    try {
      const visible = access.auth.readableBy(who);
      const { revision: authRevision } = access.auth;
      const query = {
        prefix: request.prefix,
        separator: request.flat ? undefined : request.separator || separator,
        after: request.after,
        limit: request.limit > 0 ? Math.min(request.limit, nodesMax) : nodesDefault,
        revision: request.revision,
        visible,
      };
      const page = await store.children(query, store.turns(call.client), () => {
        if (call.cancelled) throw new EtcdError("canceled");
        if (authRevision !== access.auth.revision) throw new EtcdError("authOldRevision");
      });
      const { revision, children, more, count } = page;
      const nodes = children.map(({ name, isFolder, self, ...measure }) => ({
        ...{ name, key: request.prefix + name, folder: isFolder, present: self !== undefined, ...measure },
        ...{ modRevision: self?.modRevision ?? 0, lease: self?.leaseId ?? 0n },
      }));
      return { header: headers.at(revision), nodes, more, count };
    } finally {
      memory.release(pageBytes);
    }
  }

  /**
   * The history of a member's numbers. Those about the data of all users are for root only. A member of etcd keeps no
   * history, and has no series.
   *
   * @throws EtcdError `userEmpty`, `invalidAuthToken`; `memberNotFound`; `timeout` when the member does not answer
   */
  async statistics(request: consolepb.StatisticsRequest, call: Call): Promise<consolepb.StatisticsResponse> {
    const { access, headers, memberId, statistics } = this.#config;
    const who = await access.identify(call);
    if (access.auth.enabled && who === undefined) throw new EtcdError("userEmpty");
    const isOwn = request.memberId === 0n || request.memberId === memberId;
    const answer = isOwn ? statistics.since(request.sinceSeconds) : await this.#askStatistics(request, call);
    // Judged after the other member has answered, since the user may have lost the role meanwhile.
    const withData = access.auth.refusalOfAdmin(who?.username ?? "") === undefined;
    return { ...(withData ? answer : withoutData(answer)), header: headers.withoutRevision() };
  }

  /** All members of the cluster. @throws EtcdError `userEmpty` or `invalidAuthToken` */
  async members(call: Call): Promise<consolepb.MembersResponse> {
    const { access, headers, overview } = this.#config;
    await access.requireUser(call);
    return { header: headers.withoutRevision(), members: await overview.all() };
  }

  /**
   * Tells what a user may do, and why.
   *
   * @param type the type of access that the request names
   * @throws EtcdError `userEmpty`, `permissionDenied` and others, when the caller may not ask about the user
   */
  async may(request: consolepb.MayRequest, type: AccessType, call: Call): Promise<consolepb.MayResponse> {
    const { access, headers } = this.#config;
    const who = await access.identify(call);
    const username = request.user || (who?.username ?? "");
    if (username === "" || username !== who?.username) access.auth.checkAdmin(who?.username ?? "");
    const answer = explainAccess(access.auth, username, request.key, request.rangeEnd, type);
    return { header: headers.withoutRevision(), ...answer };
  }

  /** Logs a change that a user made in the console. @param refusal why it was refused; undefined if it was made */
  async logChange(call: Call, method: string, request: string, refusal: string | undefined): Promise<void> {
    const { access, logger } = this.#config;
    const omitted = (refusal === undefined ? this.#made : this.#refused).next();
    if (omitted === undefined) return;
    const user = await this.#userOf(call);
    const fields = {
      ...(access.auth.enabled && { user: user ?? "unknown" }),
      method,
      request,
      ...omittedField(omitted),
    };
    if (refusal === undefined) logger.info("change from the console", fields);
    else logger.info("refused change from the console", { ...fields, error: refusal });
  }

  /** The name of the user of a call; undefined when the call has no user, or an invalid token. */
  async #userOf(call: Call): Promise<string | undefined> {
    try {
      return (await this.#config.access.identify(call))?.username;
    } catch (error) {
      if (error instanceof EtcdError) return undefined;
      throw error;
    }
  }

  /** Answers another member that serves the console. @throws WireError when the question is malformed */
  async answerPeer(bytes: Uint8Array): Promise<Uint8Array> {
    const { overview, statistics } = this.#config;
    const { question } = consolepb.PeerQuestion.decode(bytes);
    if (question?.case === "statistics") {
      return consolepb.StatisticsResponse.encode(statistics.since(question.value.sinceSeconds));
    }
    return consolepb.StatusAnswer.encode(await overview.own());
  }

  async #askStatistics(value: consolepb.StatisticsRequest, call: Call): Promise<consolepb.StatisticsResponse> {
    const { client, clock, cluster } = this.#config;
    const member = cluster.members().find(({ id }) => id === value.memberId);
    if (member === undefined) throw new EtcdError("memberNotFound");
    const question = consolepb.PeerQuestion.encode({ question: { case: "statistics", value } });
    if (!(await this.#asks.enter(call))) throw new EtcdError("canceled");
    try {
      for (const url of client === undefined ? [] : member.peerUrls) {
        try {
          const answer = await withTimeout(clock, askMs, async (signal) => client?.console(url, question, signal));
          return answer === undefined ? noStatistics : consolepb.StatisticsResponse.decode(answer);
        } catch (error) {
          if (!(error instanceof PeerError)) throw error;
        }
        if (call.cancelled) throw new EtcdError("canceled");
      }
      throw new EtcdError("timeout");
    } finally {
      this.#asks.leave();
    }
  }
}
