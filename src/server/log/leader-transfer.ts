import { type Clock, EtcdError, errorText, type Logger, type MemberId } from "../../base/index.js";
import { type Cluster, idText } from "../../cluster/index.js";
import type { NodeId } from "../../raft/index.js";
import type { Consensus } from "./consensus.js";

export interface LeaderTransferConfig {
  readonly consensus: Consensus;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
  /** The time after which raft gives up a transfer. */
  readonly electionTimeoutMs: number;
}

/** Transfers the leadership to another member. */
export class LeaderTransfer {
  readonly #config: LeaderTransferConfig;

  constructor(config: LeaderTransferConfig) {
    this.#config = config;
  }

  /**
   * Transfers the leadership. Resolves when the target leads.
   *
   * @throws EtcdError `notLeader` when this member does not lead, `badLeaderTransferee` when the target cannot lead,
   *   `timeout`
   */
  async moveTo(target: NodeId): Promise<void> {
    const { consensus, cluster, requestTimeoutMs } = this.#config;
    if (!consensus.leadership.leading) throw new EtcdError("notLeader");
    const member = cluster.member(target as MemberId);
    if (member === undefined || member.isLearner) throw new EtcdError("badLeaderTransferee");
    await this.#move(target, requestTimeoutMs);
  }

  /** Transfers the leadership before this member stops, to the voter that has been reachable for longest. */
  async handOver(): Promise<void> {
    const { consensus, cluster, logger, electionTimeoutMs, requestTimeoutMs } = this.#config;
    const fields = { "local-member-id": idText(cluster.localId) };
    if (!consensus.leadership.leading) {
      logger.info("skipped leadership transfer; local server is not leader", fields);
      return;
    }
    const voters = cluster.members().filter(({ isLearner }) => !isLearner);
    if (voters.length <= 1) {
      logger.info("skipped leadership transfer for single voting member cluster", fields);
      return;
    }
    const others = voters.map(({ id }) => id).filter((id) => id !== cluster.localId);
    const target = consensus.connections.longest(others);
    try {
      if (target === undefined) throw new EtcdError("unhealthy");
      await this.#move(target, Math.min(requestTimeoutMs, 2 * electionTimeoutMs));
    } catch (error) {
      const reason = errorText(error);
      logger.warn("leadership transfer failed", { ...fields, error: reason });
    }
  }

  async #move(target: NodeId, patienceMs: number): Promise<void> {
    const { consensus, cluster, clock, logger } = this.#config;
    const { leadership } = consensus;
    const fields = {
      "local-member-id": idText(cluster.localId),
      "transferee-member-id": idText(target as MemberId),
    };
    if (leadership.lead === target) return;
    logger.info("leadership transfer starting", fields);
    const startedAt = clock.now();
    await new Promise<void>((resolve, reject) => {
      const end = (finish: () => void): void => {
        unlisten();
        timer.cancel();
        finish();
      };
      const unlisten = leadership.onChange((lead) => {
        if (lead === target) end(resolve);
      });
      const timer = clock.after(patienceMs, () => end(() => reject(new EtcdError("timeout"))));
      consensus.transferLeadership(target);
    });
    logger.info("leadership transfer finished", { ...fields, "took-ms": clock.now() - startedAt });
  }
}
