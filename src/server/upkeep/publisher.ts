import { type Clock, EtcdError, errorText, type Logger, pause, type Timer } from "../../base/index.js";
import {
  attributesRequest,
  attributesSet,
  type Cluster,
  idText,
  type MemberAttributes,
  shortVersion,
  versionRequest,
  versionSet,
} from "../../cluster/index.js";
import type { Leadership } from "../log/leadership.js";
import type { Proposer } from "../log/proposer.js";
import type { RequestForms } from "./request-form.js";
import type { VersionSurvey } from "./version-survey.js";

/** How often the leader checks whether all members support a newer cluster version. */
const versionIntervalMs = 4_000;
const publishPauseMs = 100;

export interface PublisherConfig {
  readonly cluster: Cluster;
  readonly attributes: MemberAttributes;
  readonly proposer: Proposer;
  readonly leadership: Leadership;
  readonly survey: VersionSurvey;
  readonly forms: RequestForms;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Publishes this member's name and client URLs through the log and, as the leader, the cluster version. `RequestForms`
 * decides in which form.
 */
export class Publisher {
  readonly #config: PublisherConfig;
  #timer: Timer | undefined;
  #settingVersion = false;
  #stopped = false;

  constructor(config: PublisherConfig) {
    this.#config = config;
  }

  /** Publishes name and client URLs, and retries until that succeeds. @returns false when it was stopped before */
  async publish(): Promise<boolean> {
    const { cluster, attributes, logger } = this.#config;
    const fields = {
      "local-member-id": idText(cluster.localId),
      "local-member-attributes": `{Name:${attributes.name} ClientURLs:[${attributes.clientUrls.join(" ")}]}`,
      "cluster-id": idText(cluster.clusterId),
    };
    while (!this.#stopped) {
      try {
        if (await this.#publishOnce()) {
          logger.info("published local member to cluster through raft", fields);
          return true;
        }
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        if (error.kind === "stopped") break;
        logger.warn("failed to publish local member to cluster through raft", { ...fields, error: error.message });
      }
      await pause(this.#config.clock, publishPauseMs);
    }
    return false;
  }

  /** Starts the checks of the cluster version. Must be called when the first entry of a term has been applied. */
  start(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    this.#timer = this.#config.clock.after(versionIntervalMs, () => this.start());
    const { termLed } = this.#config.leadership;
    if (termLed !== undefined && !this.#settingVersion) void this.#setVersion(termLed);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** @returns false when it is not known yet in which form the members understand the request */
  async #publishOnce(): Promise<boolean> {
    const { cluster, attributes, proposer, forms } = this.#config;
    const form = await forms.choose();
    if (form === undefined || this.#stopped) return false;
    if (form === "v3") await proposer.propose(attributesSet(cluster.localId, attributes));
    else await proposer.proposeV2((id) => attributesRequest(id, cluster.localId, attributes));
    return true;
  }

  async #setVersion(term: number): Promise<void> {
    const { cluster, survey, proposer, logger } = this.#config;
    this.#settingVersion = true;
    try {
      const version = await survey.due();
      if (version === undefined) return;
      const form = await this.#formInTerm(term);
      if (form === undefined) return;
      const fields = { "cluster-version": shortVersion(version) };
      const { version: before } = cluster;
      if (before === undefined) logger.info(`setting up initial cluster version using ${form} API`, fields);
      else logger.info(`updating cluster version using ${form} API`, { from: shortVersion(before), ...fields });
      if (form === "v3") await proposer.proposeInTerm(term, versionSet(version));
      else await proposer.proposeV2InTerm(term, (id) => versionRequest(id, version));
      logger.info("cluster version is updated", fields);
    } catch (error) {
      logger.warn("failed to update cluster version", {
        error: errorText(error),
      });
    } finally {
      this.#settingVersion = false;
    }
  }

  /** Waits for the form while this member leads in `term`. @returns undefined when it does not lead any more */
  async #formInTerm(term: number): Promise<"v2" | "v3" | undefined> {
    const { leadership, forms, clock } = this.#config;
    while (!this.#stopped && leadership.termLed === term) {
      const form = await forms.choose();
      if (form !== undefined) return this.#stopped ? undefined : form;
      await pause(clock, publishPauseMs);
    }
    return undefined;
  }
}
