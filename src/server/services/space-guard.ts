import { type Growth, growthOf, type Quota } from "../../apply/index.js";
import { EtcdError, errorText, type Logger, type MemberId } from "../../base/index.js";
import { AlarmAction, AlarmRequest, AlarmType } from "../../wire/index.js";
import type { Proposer } from "../log/proposer.js";

export interface SpaceGuardConfig {
  readonly quota: Quota;
  /** Whether the heap has no room for further keys. */
  readonly heapFull: () => boolean;
  readonly memberId: MemberId;
  readonly proposer: Proposer;
  readonly logger: Logger;
}

/** Refuses requests for which there is no room before they are proposed, and raises the NOSPACE alarm. */
export class SpaceGuard {
  readonly #config: SpaceGuardConfig;
  /** The alarm that is being raised. Many requests may find the store full at once. */
  #raising: Promise<void> | undefined;

  constructor(config: SpaceGuardConfig) {
    this.#config = config;
  }

  /** Checks the room for a request. @returns undefined when there is room; otherwise rejects after raising the alarm */
  refusal(request: Growth): Promise<never> | undefined {
    const { quota, heapFull } = this.#config;
    // `HeapGuard` raises the alarm itself if the heap stays full.
    if (heapFull() && growthOf(request) > 0) return Promise.reject(new EtcdError("noSpace"));
    return quota.allows(request) ? undefined : this.#refuse();
  }

  /**
   * Raises this member's alarm. Resolves when it has been applied or has failed. As in etcd, a follower's alarm is
   * forwarded to the leader, since it concerns the member's own disk.
   */
  raise(): Promise<void> {
    this.#raising ??= this.#propose().finally(() => {
      this.#raising = undefined;
    });
    return this.#raising;
  }

  async #refuse(): Promise<never> {
    await this.raise();
    throw new EtcdError("noSpace");
  }

  async #propose(): Promise<void> {
    const { memberId, proposer, logger } = this.#config;
    const alarm = AlarmRequest.create({ action: AlarmAction.ACTIVATE, memberId, alarm: AlarmType.NOSPACE });
    try {
      await proposer.propose({ alarm });
    } catch (error) {
      logger.warn("failed to raise the NOSPACE alarm", { error: errorText(error) });
    }
  }
}
