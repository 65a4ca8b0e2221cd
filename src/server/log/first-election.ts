import type { Clock, Logger, MemberId, Timer } from "../../base/index.js";
import { idText } from "../../cluster/index.js";
import type { ServerConfig } from "../config.js";
import type { Leadership } from "./leadership.js";
import type { LogPosition } from "./log-position.js";
import type { RaftNode } from "./raft-node.js";

const lookMs = 50;
const looks = 100;
/** Ticks that are waited for all the same: a leader there is has time to say so. */
const ticksKept = 2;

export interface FirstElectionConfig {
  readonly settings: ServerConfig;
  readonly memberId: MemberId;
  readonly raftNode: RaftNode;
  readonly position: LogPosition;
  readonly leadership: Leadership;
  readonly activePeers: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Spares a member that has just started most of the time that it would wait for a leader. */
export class FirstElection {
  readonly #config: FirstElectionConfig;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(config: FirstElectionConfig) {
    this.#config = config;
  }

  /**
   * @param commit what the log is known to have committed. It is applied first: a conf change among it may be the one
   *   that gives this member its vote.
   */
  start(commit: number): void {
    const { settings, position, raftNode, memberId } = this.#config;
    void position.whenApplied(commit).then(() => {
      if (this.#stopped) return;
      const { voters, votersOutgoing } = raftNode.status().config;
      const alone = votersOutgoing.length === 0 && voters.length === 1 && voters[0] === memberId;
      // Its own vote is the majority, so nothing is gained by waiting for the election timeout.
      if (alone) raftNode.campaign();
      else if (settings.electionTickAdvance) this.#look(looks);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Waits until peers can be reached: before that there is nobody to vote. */
  #look(left: number): void {
    const { settings, activePeers, clock, leadership } = this.#config;
    if (left === 0 || leadership.hasLeader || settings.electionTicks <= ticksKept) return;
    this.#timer = clock.after(lookMs, () => {
      if (activePeers() > 1) this.#skip(settings.electionTicks - ticksKept);
      else this.#look(left - 1);
    });
  }

  #skip(ticks: number): void {
    const { raftNode, memberId, leadership, logger, activePeers } = this.#config;
    if (leadership.hasLeader) return;
    logger.info("initialized peer connections; fast-forwarding election ticks", {
      "local-member-id": idText(memberId),
      "forward-ticks": ticks,
      "active-remote-members": activePeers(),
    });
    raftNode.skipTicks(ticks);
  }
}
