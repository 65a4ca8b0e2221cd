import { type Clock, EtcdError, type MemberId } from "../../base/index.js";
import type { Cluster, Member } from "../../cluster/index.js";
import { noNode } from "../../raft/index.js";
import { type PeerClient, PeerError } from "../../transport/index.js";
import type { Leadership } from "../log/leadership.js";

/** Between two tries, when the leader could not be asked. */
const pauseMs = 50;

export interface LeaderQuestionsConfig {
  readonly client: PeerClient | undefined;
  readonly cluster: Cluster;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
}

/** A question, as it is answered by this member when it leads, and by another one that does. */
export interface LeaderQuestion<Answer> {
  readonly here: () => Promise<Answer>;
  readonly there: (client: PeerClient, url: string, signal: AbortSignal) => Promise<Answer>;
  readonly isAnswer: (error: EtcdError) => boolean;
}

/** What only the leader can answer, asked of it over HTTP by a member that does not lead. */
export class LeaderQuestions {
  readonly #config: LeaderQuestionsConfig;

  constructor(config: LeaderQuestionsConfig) {
    this.#config = config;
  }

  /**
   * Asks the leader, and the next one when there is a new one, until somebody answers.
   *
   * @param asked `isAnswer` tells which refusals end the asking; anything else is tried again
   * @throws EtcdError an answer, `noLeader`, `timeout`, or `canceled` when the client is gone
   */
  async ask<Answer>(asked: LeaderQuestion<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
    const { clock, requestTimeoutMs } = this.#config;
    const patience = new AbortController();
    const timer = clock.after(requestTimeoutMs, () => patience.abort(new EtcdError("timeout")));
    const either = signal === undefined ? patience.signal : AbortSignal.any([patience.signal, signal]);
    try {
      while (!either.aborted) {
        const leader = await this.#leader(either);
        const answer = await this.#askMember(leader, asked, either);
        if (answer !== undefined) return answer;
        await this.#pause(pauseMs, either);
      }
    } finally {
      timer.cancel();
    }
    throw signal?.aborted ? new EtcdError("canceled") : new EtcdError("timeout");
  }

  /** Undefined when it did not answer. */
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

  /** Waits for an election, as long as that may take. */
  async #leader(signal: AbortSignal): Promise<Member> {
    const { cluster, leadership, electionTimeoutMs } = this.#config;
    while (!signal.aborted) {
      const leader = cluster.member(leadership.lead as MemberId);
      if (leader !== undefined) return leader;
      await this.#pause(electionTimeoutMs, signal);
    }
    throw new EtcdError("noLeader");
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        unlisten();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = this.#config.clock.after(ms, end);
      const unlisten = this.#config.leadership.onChange((lead) => {
        if (lead !== noNode) end();
      });
      signal.addEventListener("abort", end);
    });
  }
}
