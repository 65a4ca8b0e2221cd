import { type ApiLevel, EtcdError, isAtLeast, type Logger } from "../../base/index.js";
import { type Cluster, compareVersions, isNextOlder, shortVersion } from "../../cluster/index.js";
import { DowngradeAction, type DowngradeRequest, DowngradeResponse } from "../../wire/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import type { Headers } from "../calls/headers.js";
import type { Proposer } from "../log/proposer.js";
import type { ReadIndex } from "../log/read-index.js";

export interface DowngradeServiceConfig {
  readonly level: ApiLevel;
  readonly cluster: Cluster;
  readonly access: Access;
  readonly proposer: Proposer;
  readonly readIndex: ReadIndex;
  readonly headers: Headers;
  readonly logger: Logger;
}

/** Members before this version do not know downgrades, and a downgrade entry in the log would stop them. */
const firstWithDowngrades = "3.5.0";

/** Validates, enables and cancels downgrades to the previous version. */
export class DowngradeService {
  readonly #config: DowngradeServiceConfig;

  constructor(config: DowngradeServiceConfig) {
    this.#config = config;
  }

  /**
   * Runs a request. @throws EtcdError when the cluster cannot be downgraded to the version, or there is no downgrade
   */
  async run({ action, version }: DowngradeRequest, call: Call): Promise<DowngradeResponse> {
    await this.#config.access.requireAdmin(call);
    switch (action) {
      case DowngradeAction.VALIDATE:
        return this.#answer(await this.#validated(version, call));
      case DowngradeAction.ENABLE: {
        await this.#validated(version, call);
        return await this.#propose({ enabled: true, ver: clusterVersionOf(version) }, call);
      }
      case DowngradeAction.CANCEL:
        return await this.#cancel(call);
      default:
        throw new EtcdError("unknownMethod");
    }
  }

  async #cancel(call: Call): Promise<DowngradeResponse> {
    const { cluster, readIndex, logger } = this.#config;
    await readIndex.wait(call);
    if (cluster.downgrade.enabled) return await this.#propose({ enabled: false, ver: "" }, call);
    const none = new EtcdError("noInflightDowngrade");
    if (!this.#since36) throw none;
    logger.warn("failed to cancel downgrade", { error: none.message });
    return this.#answer(cluster.version ?? "");
  }

  get #since36(): boolean {
    return isAtLeast(this.#config.level, "3.6");
  }

  /** Checks that a downgrade is possible. @returns the current cluster version */
  async #validated(version: string, call: Call): Promise<string> {
    const { cluster, readIndex } = this.#config;
    const target = clusterVersionOf(version);
    // This member's state may be outdated.
    await readIndex.wait(call);
    const current = cluster.version;
    if (current === undefined) {
      throw new EtcdError(this.#since36 ? "clusterVersionUnavailable" : "clusterVersionUnavailableAt35");
    }
    if (!isNextOlder(target, current) || compareVersions(current, firstWithDowngrades) < 0) {
      throw new EtcdError("invalidDowngradeTargetVersion");
    }
    if (cluster.downgrade.enabled) throw new EtcdError("downgradeInProcess");
    return current;
  }

  async #propose(downgradeInfoSet: { enabled: boolean; ver: string }, call: Call): Promise<DowngradeResponse> {
    await this.#config.proposer.propose({ downgradeInfoSet }, call);
    return this.#answer(this.#config.cluster.version ?? "");
  }

  /** Answers with the cluster version; since 3.6 with its first two numbers. */
  #answer(current: string): DowngradeResponse {
    const version = this.#since36 ? shortVersion(current) : current;
    return DowngradeResponse.create({ header: this.#config.headers.at(), version });
  }
}

const versionForm = /^(\d+)\.(\d+)(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** The major and minor numbers of a version with or without a patch number. */
function clusterVersionOf(version: string): string {
  const match = versionForm.exec(version);
  if (match === null) throw new EtcdError("wrongDowngradeVersionFormat");
  return `${Number(match[1])}.${Number(match[2])}.0`;
}
