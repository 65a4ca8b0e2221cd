import { apiVersion, type Clock, errorText, type Logger, minClusterVersion, withTimeout } from "../../base/index.js";
import { type Cluster, compareVersions, idText, type Member, shortVersion } from "../../cluster/index.js";
import type { PeerClient } from "../../transport/index.js";

export interface VersionSurveyConfig {
  readonly cluster: Cluster;
  /** Absent for a member that has no peers. */
  readonly client: PeerClient | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a member may take to say which release it is. */
const askMs = 2_000;

/** Finds out which version all members can speak. */
export class VersionSurvey {
  readonly #config: VersionSurveyConfig;

  constructor(config: VersionSurveyConfig) {
    this.#config = config;
  }

  /**
   * The version that the cluster should have and does not; undefined when it has it. That is the oldest release among
   * its members, once each of them has said which it is; and the oldest that there can be, for a cluster that has none.
   * It never goes down: what members of the version that was have written may mean nothing to older ones.
   */
  async due(): Promise<string | undefined> {
    const { cluster } = this.#config;
    const others = cluster.members().filter(({ id }) => id !== cluster.localId);
    const answers = await Promise.all(others.map((member) => this.#ask(member)));
    const oldest = oldestOf([apiVersion, ...answers]);
    if (cluster.version === undefined) return oldest ?? minClusterVersion;
    return oldest !== undefined && isUpgrade(cluster.version, oldest) ? oldest : undefined;
  }

  async #ask(member: Member): Promise<string | undefined> {
    const { client, clock, logger } = this.#config;
    const fields = { "remote-member-id": idText(member.id) };
    for (const url of member.peerUrls) {
      try {
        const versions = await withTimeout(clock, askMs, async (signal) => await client?.versions(url, signal));
        if (versions !== undefined) return this.#checked(versions.server, fields);
      } catch (error) {
        const reason = errorText(error);
        logger.warn("failed to reach the peer URL", { ...fields, address: url, error: reason });
      }
    }
    logger.warn("failed to get version", fields);
    return undefined;
  }

  /** Undefined when it is no version. */
  #checked(version: string, fields: Readonly<Record<string, string>>): string | undefined {
    const { logger } = this.#config;
    if (!/^\d+\.\d+\.\d+/.test(version)) {
      logger.warn("failed to parse server version of remote member", { ...fields, "remote-member-version": version });
      return undefined;
    }
    if (compareVersions(version, apiVersion) > 0) {
      const versions = { "local-member-version": apiVersion, "remote-member-version": version };
      logger.warn("leader found higher-versioned member", { ...fields, ...versions });
    }
    return version;
  }
}

/** With patch zero, as clusters have it; undefined when one of them is not known. */
function oldestOf(versions: readonly (string | undefined)[]): string | undefined {
  let oldest: string | undefined;
  for (const version of versions) {
    if (version === undefined) return undefined;
    if (oldest === undefined || compareVersions(version, oldest) < 0) oldest = version;
  }
  return oldest && `${shortVersion(oldest)}.0`;
}

function isUpgrade(from: string, to: string): boolean {
  return from.split(".")[0] === to.split(".")[0] && compareVersions(from, to) < 0;
}
