import { type Clock, errorText, type Logger, type Timer } from "../../base/index.js";
import type { Cluster } from "../../cluster/index.js";
import type { Leadership } from "../log/leadership.js";
import type { Proposer } from "../log/proposer.js";
import type { VersionSurvey } from "./version-survey.js";

export interface DowngradeWatchConfig {
  /** How often the leader looks; 0 means never. */
  readonly intervalMs: number;
  readonly cluster: Cluster;
  readonly survey: Pick<VersionSurvey, "allAre">;
  readonly proposer: Pick<Proposer, "proposeInTerm">;
  readonly leadership: Pick<Leadership, "termLed">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Ends a downgrade, as the leader, when all members have been replaced by members of the target version. */
export class DowngradeWatch {
  readonly #config: DowngradeWatchConfig;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(config: DowngradeWatchConfig) {
    this.#config = config;
  }

  start(): void {
    const { intervalMs, clock } = this.#config;
    if (intervalMs <= 0 || this.#stopped) return;
    this.#timer = clock.after(intervalMs, () => {
      void this.#look().then(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { cluster, survey, proposer, leadership, logger } = this.#config;
    const { termLed } = leadership;
    const { enabled, targetVersion } = cluster.downgrade;
    if (termLed === undefined || !enabled) return;
    try {
      if (!(await survey.allAre(targetVersion)) || this.#stopped) return;
      logger.info("the cluster has been downgraded", { "cluster-version": targetVersion });
      await proposer.proposeInTerm(termLed, { downgradeInfoSet: { enabled: false, ver: "" } });
    } catch (error) {
      logger.warn("failed to cancel downgrade", { error: errorText(error) });
    }
  }
}
