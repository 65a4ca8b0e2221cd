import { type Growth, growthOf, type Quota } from "../../apply/index.js";
import { EtcdError, errorText, type Logger, type MemberId } from "../../base/index.js";
import { AlarmAction, AlarmRequest, AlarmType } from "../../wire/index.js";
import type { Proposer } from "../log/proposer.js";

export interface SpaceGuardConfig {
  readonly quota: Quota;
  /** Whether the heap has no room for more keys. */
  readonly heapFull: () => boolean;
  readonly memberId: MemberId;
  readonly proposer: Proposer;
  readonly logger: Logger;
}

/** Refuses what there is no room for before it is proposed, and raises the alarm that tells all members. */
export class SpaceGuard {
  readonly #config: SpaceGuardConfig;
  /** Under way; many requests may find the store full at once. */
  #raising: Promise<void> | undefined;

  constructor(config: SpaceGuardConfig) {
    this.#config = config;
  }

  /** @returns undefined when there is room, else what rejects with `noSpace` once the alarm is raised */
  refusal(request: Growth): Promise<never> | undefined {
    const { quota, heapFull } = this.#config;
    // The heap's guard raises the alarm by itself, when it stays full.
    if (heapFull() && growthOf(request) > 0) return Promise.reject(new EtcdError("noSpace"));
    return quota.allows(request) ? undefined : this.#refuse();
  }

  /**
   * Raises the alarm of this member; resolves when that is applied, or has failed. It is no decision of the leader: a
   * member knows its own disk, whoever leads, so a follower's alarm is forwarded, as etcd does.
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
