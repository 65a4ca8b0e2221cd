import { type Clock, errorText, type Logger, type MemberId, pause } from "../../base/index.js";
import { idText, parsePeerUrls } from "../../cluster/index.js";
import type { InitialMember } from "../config.js";

/** A member's entry in the discovery service. */
export interface Registration {
  readonly key: string;
  /** Name and peer URLs, as in `--initial-cluster`: `a=http://a:2380`. */
  readonly value: string;
  readonly createRevision: number;
}

/** The discovery service, which is simply another etcd. Each method makes one attempt, within its time limit. */
export interface Registry {
  /** The value of a key; undefined when there is no such key. */
  get(key: string): Promise<string | undefined>;
  /** The keys with a prefix, and the revision at which they were read. */
  list(prefix: string): Promise<{ readonly found: readonly Registration[]; readonly revision: number }>;
  put(key: string, value: string): Promise<void>;
  /** The keys with a prefix that are written from `revision` on. Waits for them as long as it takes. */
  follow(prefix: string, revision: number): AsyncIterable<Registration>;
  close(): void;
}

export interface DiscoveryDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The longest pause between two attempts is two seconds to this power, as in etcd: 256 s. */
const longestPause = 8;

/**
 * Finds the members of a new cluster in a discovery service: registers this member under the token, and waits until as
 * many members have registered as the service expects.
 *
 * @param id this member's id in a cluster of its own whose token is that of the discovery
 * @param own this member's entry, `name=url,...`
 * @returns the first members to register, as many as expected
 * @throws Error with etcd's text when the token is unknown, or the cluster is complete without this member
 */
export async function discoverMembers(
  token: string,
  id: MemberId,
  own: string,
  deps: DiscoveryDeps,
): Promise<readonly InitialMember[]> {
  const discovery = new Discovery(token, `${prefixOf(token)}/${idText(id)}`, deps);
  try {
    return await discovery.join(own);
  } catch (error) {
    deps.logger.error("discovery failed to join cluster", { "discovery-token": token, error: errorText(error) });
    throw new Error(`failed to join discovery cluster (${errorText(error)})`);
  } finally {
    deps.registry.close();
  }
}

function prefixOf(token: string): string {
  return `/_etcd/registry/${token}/members`;
}

/** A state of the registry that ends the discovery; other failures are temporary. */
class DiscoveryError extends Error {
  constructor(reason: string) {
    super(`discovery: ${reason}`);
  }
}

class Discovery {
  readonly #token: string;
  readonly #ownKey: string;
  readonly #deps: DiscoveryDeps;
  readonly #found = new Map<string, Registration>();
  #failures = 0;

  constructor(token: string, ownKey: string, deps: DiscoveryDeps) {
    this.#token = token;
    this.#ownKey = ownKey;
    this.#deps = deps;
  }

  async join(own: string): Promise<readonly InitialMember[]> {
    const { registry, logger } = this.#deps;
    await this.#persistently("cluster status check", () => this.#check());
    await this.#persistently("register member itself", () => registry.put(this.#ownKey, own));
    logger.info("register member itself successfully", { memberKey: this.#ownKey, memberInfo: own });
    const { size, revision } = await this.#persistently("cluster status check", () => this.#check());
    if (this.#found.size < size) await this.#waitForOthers(size, revision);
    return membersIn(this.#sorted().slice(0, size));
  }

  /** Reads the size of the cluster and its members. @throws DiscoveryError when this member has no place among them */
  async #check(): Promise<{ readonly size: number; readonly revision: number }> {
    const { registry } = this.#deps;
    const text = await registry.get(`/_etcd/registry/${this.#token}/_config/size`);
    if (text === undefined) throw new DiscoveryError("size key not found");
    const size = /^\+?\d{1,15}$/.test(text) ? Number(text) : 0;
    if (size <= 0) throw new DiscoveryError("size key is bad");
    const { found, revision } = await registry.list(prefixOf(this.#token));
    this.#found.clear();
    for (const registration of found) this.#add(registration);
    const place = this.#sorted().findIndex(({ key }) => key === this.#ownKey);
    const full = place < 0 ? this.#found.size >= size : place >= size;
    if (full) throw new DiscoveryError("cluster is full");
    return { size, revision };
  }

  async #waitForOthers(size: number, revision: number): Promise<void> {
    const { registry, logger } = this.#deps;
    const fields = { "cluster-size": size };
    logger.info("waiting for peers from discovery service", { ...fields, "found-peers": this.#found.size });
    for (let from = revision + 1; this.#found.size < size; ) {
      // A stream of changes that breaks is opened again, and what was told twice is found already.
      await this.#persistently("wait for peers", async () => {
        for await (const registration of registry.follow(prefixOf(this.#token), from)) {
          from = Math.max(from, registration.createRevision);
          this.#add(registration);
          if (this.#found.size >= size) return;
        }
      });
    }
    logger.info("found all needed peers from discovery service", { ...fields, "found-peers": this.#found.size });
  }

  #add(registration: Registration): void {
    const { logger } = this.#deps;
    const fields = { memberKey: registration.key, memberInfo: registration.value };
    if (!registration.value.includes("=")) {
      logger.warn("invalid peer info returned from discovery service", fields);
    } else if (this.#found.has(registration.key)) {
      logger.warn("found duplicate peer from discovery service", fields);
    } else {
      this.#found.set(registration.key, registration);
      logger.info("found peer from discovery service", fields);
    }
  }

  /** The members in the order in which they registered. */
  #sorted(): readonly Registration[] {
    return [...this.#found.values()].sort((one, other) => one.createRevision - other.createRevision);
  }

  /** Repeats an attempt until it succeeds, with pauses that grow. @throws DiscoveryError from the attempt */
  async #persistently<Result>(reason: string, attempt: () => Promise<Result>): Promise<Result> {
    const { clock, logger } = this.#deps;
    for (;;) {
      try {
        const result = await attempt();
        this.#failures = 0;
        return result;
      } catch (error) {
        if (error instanceof DiscoveryError) throw error;
        this.#failures++;
        const seconds = 2 ** Math.min(this.#failures, longestPause);
        const fields = { reason, backoff: `${seconds}s`, error: errorText(error) };
        logger.warn("retry connecting to discovery service", fields);
        await pause(clock, seconds * 1_000);
      }
    }
  }
}

/** @throws DiscoveryError when an entry names a URL that no member can have */
function membersIn(registrations: readonly Registration[]): readonly InitialMember[] {
  const urlsOf = new Map<string, string[]>();
  for (const part of registrations.flatMap(({ value }) => value.trim().split(","))) {
    const [, name = "", url = ""] = /^([^=]+)=(.+)$/.exec(part) ?? [];
    const urls = name === "" ? undefined : parsePeerUrls([url]);
    if (urls === undefined) throw new DiscoveryError("invalid peer URL");
    urlsOf.set(name, [...(urlsOf.get(name) ?? []), ...urls]);
  }
  return [...urlsOf].map(([name, urls]) => ({ name, peerUrls: [...urls].sort() }));
}
