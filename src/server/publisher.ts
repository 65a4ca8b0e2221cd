import { type Clock, clusterVersion, EtcdError, type Logger, type Timer } from "../base/index.js";
import {
  attributesRequest,
  type Cluster,
  idText,
  type MemberAttributes,
  shortVersion,
  versionRequest,
} from "../cluster/index.js";
import type { Leadership } from "./leadership.js";
import type { Proposer } from "./proposer.js";

/** How often the leader looks whether the cluster's version is still what its members can speak. */
const versionIntervalMs = 4_000;
const publishPauseMs = 100;

export interface PublisherConfig {
  readonly cluster: Cluster;
  readonly attributes: MemberAttributes;
  readonly proposer: Proposer;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tells the cluster through the log what it must know of this member, and as its leader which version all speak. */
export class Publisher {
  readonly #config: PublisherConfig;
  #timer: Timer | undefined;
  #settingVersion = false;
  #stopped = false;

  constructor(config: PublisherConfig) {
    this.#config = config;
  }

  /** Makes this member's name and client URLs known to all; tries until then. False when it was stopped before. */
  async publish(): Promise<boolean> {
    const { cluster, attributes, proposer, logger } = this.#config;
    const fields = {
      "local-member-id": idText(cluster.localId),
      "local-member-attributes": `{Name:${attributes.name} ClientURLs:[${attributes.clientUrls.join(" ")}]}`,
      "cluster-id": idText(cluster.clusterId),
    };
    while (!this.#stopped) {
      try {
        await proposer.proposeV2((id) => attributesRequest(id, cluster.localId, attributes));
        logger.info("published local member to cluster through raft", fields);
        return true;
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        if (error.kind === "stopped") break;
        logger.warn("failed to publish local member to cluster through raft", { ...fields, error: error.message });
        await new Promise<void>((resolve) => this.#config.clock.after(publishPauseMs, resolve));
      }
    }
    return false;
  }

  /** To be called when the first entry of a term is applied; from then on it looks by itself now and then. */
  start(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    this.#timer = this.#config.clock.after(versionIntervalMs, () => this.start());
    const { leadership, cluster } = this.#config;
    if (leadership.leading && cluster.version === undefined && !this.#settingVersion) void this.#setVersion();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #setVersion(): Promise<void> {
    const { proposer, logger } = this.#config;
    const fields = { "cluster-version": shortVersion(clusterVersion) };
    this.#settingVersion = true;
    logger.info("setting up initial cluster version", fields);
    try {
      await proposer.proposeV2((id) => versionRequest(id, clusterVersion));
      logger.info("cluster version is updated", fields);
    } catch (error) {
      logger.warn("failed to update cluster version", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
    this.#settingVersion = false;
  }
}
