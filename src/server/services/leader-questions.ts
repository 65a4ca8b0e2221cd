import { type Clock, EtcdError, type MemberId, pause, withTimeout } from "../../base/index.js";
import type { Cluster, Member } from "../../cluster/index.js";
import { noNode } from "../../raft/index.js";
import { type PeerClient, PeerError } from "../../transport/index.js";
import type { Leadership } from "../log/leadership.js";

/** The pause between two attempts when the leader could not be reached. */
const pauseMs = 50;

export interface LeaderQuestionsConfig {
  readonly client: PeerClient | undefined;
  readonly cluster: Cluster;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
}

/** A request to the leader: how this member answers it as the leader, and how it is sent to another leader. */
export interface LeaderQuestion<Answer> {
  readonly here: () => Promise<Answer>;
  readonly there: (client: PeerClient, url: string, signal: AbortSignal) => Promise<Answer>;
  readonly isAnswer: (error: EtcdError) => boolean;
}

/** Sends requests that only the leader can answer, over HTTP if another member leads. */
export class LeaderQuestions {
  readonly #config: LeaderQuestionsConfig;

  constructor(config: LeaderQuestionsConfig) {
    this.#config = config;
  }

  /**
   * Asks the leader, and again after a change of the leader, until there is an answer.
   *
   * @param asked its `isAnswer` decides which errors count as answers; others are retried
   * @throws EtcdError such an answer, `noLeader`, `timeout`, or `canceled` when the client has given up
   */
  async ask<Answer>(asked: LeaderQuestion<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
    const { clock, requestTimeoutMs } = this.#config;
    return await withTimeout(clock, requestTimeoutMs, async (timeout) => {
      const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
      while (!either.aborted) {
        const leader = await this.#leader(either);
        const answer = await this.#askMember(leader, asked, either);
        if (answer !== undefined) return answer;
        await this.#pause(pauseMs, either);
      }
      throw signal?.aborted ? new EtcdError("canceled") : new EtcdError("timeout");
    });
  }

  /** Asks a member. @returns undefined when it did not answer */
  async #askMember<Answer>(
    { id, peerUrls }: Member,
    { here, there, isAnswer }: LeaderQuestion<Answer>,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    const { client, cluster } = this.#config;
    const ways: (() => Promise<Answer>)[] =
      id === cluster.localId || client === undefined ? [here] : peerUrls.map((url) => () => there(client, url, signal));
    for (const way of ways) {
      try {
        return await way();
      } catch (error) {
        if (error instanceof EtcdError ? isAnswer(error) : !(error instanceof PeerError)) throw error;
      }
    }
    return undefined;
  }

  /** The leader. Waits for an election if there is none. */
  async #leader(signal: AbortSignal): Promise<Member> {
    const { cluster, leadership, electionTimeoutMs } = this.#config;
    while (!signal.aborted) {
      const leader = cluster.member(leadership.lead as MemberId);
      if (leader !== undefined) return leader;
      await this.#pause(electionTimeoutMs, signal);
    }
    throw new EtcdError("noLeader");
  }

  /** Pauses, until there is a new leader at most. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { clock, leadership } = this.#config;
    const elected = new AbortController();
    const unlisten = leadership.onChange((lead) => {
      if (lead !== noNode) elected.abort();
    });
    await pause(clock, ms, AbortSignal.any([signal, elected.signal]));
    unlisten();
  }
}
