import type { Clock, Logger, MemberId, Timer } from "../../base/index.js";
import { idText } from "../../cluster/index.js";
import type { ServerConfig } from "../config.js";
import type { RaftNode } from "./raft-node.js";

const lookMs = 50;
const looks = 100;
/** The ticks that remain of the election timeout, so that an existing leader has time to send a heartbeat. */
const ticksKept = 2;

export interface FirstElectionConfig {
  readonly settings: ServerConfig;
  readonly memberId: MemberId;
  readonly raftNode: Pick<RaftNode, "status" | "campaign" | "skipTicks">;
  /** Resolves when the entry at `index` has been applied. */
  readonly whenApplied: (index: number) => Promise<void>;
  readonly hasLeader: () => boolean;
  readonly activePeers: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Shortens the first election timeout of a member that has just started. */
export class FirstElection {
  readonly #config: FirstElectionConfig;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(config: FirstElectionConfig) {
    this.#config = config;
  }

  /**
   * Starts to wait for the first election.
   *
   * @param commit the known commit index of the log. Its entries are applied first, since one of them may be the conf
   *   change that makes this member a voter.
   */
  start(commit: number): void {
    const { settings, whenApplied, raftNode, memberId } = this.#config;
    void whenApplied(commit).then(() => {
      if (this.#stopped) return;
      const { voters, votersOutgoing } = raftNode.status().config;
      const alone = votersOutgoing.length === 0 && voters.length === 1 && voters[0] === memberId;
      // A single voter wins by its own vote, so it does not have to wait for the election timeout.
      if (alone) raftNode.campaign();
      else if (settings.electionTickAdvance) this.#look(looks);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Waits until peers can be reached, since nobody could vote before. */
  #look(left: number): void {
    const { settings, activePeers, clock, hasLeader } = this.#config;
    if (left === 0 || hasLeader() || settings.electionTicks <= ticksKept) return;
    this.#timer = clock.after(lookMs, () => {
      if (activePeers() > 1) this.#skip(settings.electionTicks - ticksKept);
      else this.#look(left - 1);
    });
  }

  #skip(ticks: number): void {
    const { raftNode, memberId, hasLeader, logger, activePeers } = this.#config;
    if (hasLeader()) return;
    logger.info("initialized peer connections; fast-forwarding election ticks", {
      "local-member-id": idText(memberId),
      "forward-ticks": ticks,
      "active-remote-members": activePeers(),
    });
    raftNode.skipTicks(ticks);
  }
}
