import type { AlarmStore } from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import { type ApiLevel, apiVersion, type Clock, errorText, withTimeout } from "../../base/index.js";
import type { Cluster, Member } from "../../cluster/index.js";
import type { Status } from "../../raft/index.js";
import type { PeerClient } from "../../transport/index.js";
import { AlarmType, consolepb } from "../../wire/index.js";
import type { Asked } from "../consensus/contract.js";
import type { Leadership } from "../log/leadership.js";
import type { LogPosition } from "../log/log-position.js";

export interface MemberOverviewConfig {
  readonly level: ApiLevel;
  readonly cluster: Cluster;
  readonly alarms: AlarmStore;
  readonly backend: Backend;
  readonly leadership: Leadership;
  readonly position: LogPosition;
  readonly raftStatus: () => Asked<Status>;
  /** Sends requests to peers; undefined for a member without peers. */
  readonly client: PeerClient | undefined;
  readonly clock: Clock;
}

/** How long another member may take to answer. */
const askMs = 2_000;

const noFacts = consolepb.MemberFacts.create();
const statusQuestion = consolepb.PeerQuestion.encode({ question: { case: "status", value: {} } });
const alarmNames = new Map<number, string>(Object.entries(AlarmType).map(([name, value]) => [value, name]));

/** The state of all members: this one knows its own, and asks the others for theirs. */
export class MemberOverview {
  readonly #config: MemberOverviewConfig;
  readonly #startedAtMs: number;
  #asking: Promise<readonly consolepb.MemberFacts[]> | undefined;

  constructor(config: MemberOverviewConfig) {
    this.#config = config;
    this.#startedAtMs = config.clock.now();
  }

  /** The state of this member, and the progress of all if it leads. */
  async own(): Promise<consolepb.StatusAnswer> {
    const { level, cluster, backend, leadership, position, raftStatus, clock } = this.#config;
    const { progress } = await raftStatus();
    return {
      member: consolepb.MemberFacts.create({
        ...{ id: cluster.localId, reached: true, version: apiVersion(level) },
        ...{ leader: leadership.lead, term: position.term },
        ...{ raftIndex: position.committed, appliedIndex: position.applied },
        ...{ dbSize: backend.size(), dbSizeInUse: backend.sizeInUse() },
        startedSecondsAgo: Math.floor((clock.now() - this.#startedAtMs) / 1_000),
      }),
      progress: Array.from(progress, ([id, { match }]) => ({ id, stored: match })),
    };
  }

  /** All members, by asking each of the others. Callers at the same time share the answers. */
  all(): Promise<readonly consolepb.MemberFacts[]> {
    this.#asking ??= this.#askAll().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askAll(): Promise<readonly consolepb.MemberFacts[]> {
    const members = this.#config.cluster.members();
    const answers = await Promise.all(members.map((member) => this.#ask(member)));
    const committed = Math.max(...answers.map(({ member }) => member?.raftIndex ?? 0));
    const stored = new Map(answers.flatMap(({ progress }) => progress.map(({ id, stored }) => [id, stored])));
    return members.map((member, at) => {
      const facts = answers[at]?.member ?? noFacts;
      const known = facts.appliedIndex || stored.get(member.id);
      const lag = known === undefined ? 0 : Math.max(committed - known, 0);
      return this.#completed(facts, member, lag);
    });
  }

  /** Adds what every member knows about each. */
  #completed(facts: consolepb.MemberFacts, member: Member, lag: number): consolepb.MemberFacts {
    const { id, name, peerUrls, clientUrls, isLearner } = member;
    const alarms = this.#config.alarms
      .get(AlarmType.NONE)
      .filter(({ memberId }) => memberId === id)
      .map(({ alarm }) => alarmNames.get(alarm) ?? String(alarm));
    return { ...facts, id, name, peerUrls, clientUrls, isLearner, alarms, lag, health: healthOf(facts, alarms) };
  }

  async #ask(member: Member): Promise<consolepb.StatusAnswer> {
    const { client, clock, cluster } = this.#config;
    if (member.id === cluster.localId) return this.own();
    let error = "it has no peer URL";
    for (const url of client === undefined ? [] : member.peerUrls) {
      try {
        return await withTimeout(clock, askMs, (signal) => askAt(client, url, signal));
      } catch (failure) {
        error = errorText(failure);
      }
    }
    return { member: { ...noFacts, error }, progress: [] };
  }
}

async function askAt(
  client: PeerClient | undefined,
  url: string,
  signal: AbortSignal,
): Promise<consolepb.StatusAnswer> {
  const answer = await client?.console(url, statusQuestion, signal);
  if (answer !== undefined) return consolepb.StatusAnswer.decode(answer);
  // A member of etcd, or an older one of ours.
  const version = (await client?.versions(url, signal))?.server ?? "";
  return { member: { ...noFacts, reached: true, version }, progress: [] };
}

/** @param facts only a member that has told its term has told whether it knows a leader */
function healthOf({ reached, term, leader }: consolepb.MemberFacts, alarms: readonly string[]): string {
  if (!reached) return "not reached";
  if (term > 0 && leader === 0n) return "no leader";
  return alarms.length === 0 ? "ok" : `alarm ${alarms.join(", ")}`;
}
