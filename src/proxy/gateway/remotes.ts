import type { Socket } from "node:net";
import { type Clock, errorText, formatDuration, type Logger, type Random, type Timer } from "../../base/index.js";
import type { Target } from "./target.js";

/** Opens a connection to a server. @throws the system's error */
export type Dial = (target: Target) => Promise<Socket>;

/** A server as the gateway knows it. */
interface Remote {
  readonly target: Target;
  /** Connections are not attempted, since the last attempt failed. */
  inactive: boolean;
}

/** One connection in so many goes to a server of weight 0 where others have a weight, as RFC 2782 asks for. */
const unweightedOneIn = 100;

export interface RemotesConfig {
  readonly targets: readonly Target[];
  /** The time after which servers that could not be reached are dialled again. */
  readonly retryDelayMs: number;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The servers behind a gateway. Connections go to those of the best priority that can be reached: by their weights, or
 * in turn where there are no weights. A server that cannot be reached is left out, and dialled again at intervals.
 */
export class Remotes {
  readonly #config: RemotesConfig;
  readonly #remotes: readonly Remote[];
  #turn = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(config: RemotesConfig) {
    this.#config = config;
    this.#remotes = config.targets.map((target) => ({ target, inactive: false }));
    this.#monitor();
  }

  /** Connects to the server whose turn it is, or to the next that can be reached. @returns undefined without any */
  async connect(): Promise<Socket | undefined> {
    const { dial, logger, retryDelayMs } = this.#config;
    for (let remote = this.#pick(); remote !== undefined && !this.#stopped; remote = this.#pick()) {
      try {
        return await dial(remote.target);
      } catch (error) {
        if (remote.inactive) continue;
        remote.inactive = true;
        logger.warn("deactivated endpoint", {
          address: remote.target.address,
          interval: formatDuration(retryDelayMs),
          error: errorText(error),
        });
      }
    }
    return undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #pick(): Remote | undefined {
    const active = this.#remotes.filter(({ inactive }) => !inactive);
    const best = Math.min(...active.map(({ target }) => target.priority));
    const candidates = active.filter(({ target }) => target.priority === best);
    const weighted = candidates.filter(({ target }) => target.weight > 0);
    const others = candidates.filter(({ target }) => target.weight === 0);
    const { random } = this.#config;
    if (weighted.length === 0 || (others.length > 0 && random.int(unweightedOneIn) === 0)) {
      return others[this.#turn++ % Math.max(others.length, 1)];
    }
    let chosen = random.int(weighted.reduce((sum, { target }) => sum + target.weight, 0));
    return weighted.find(({ target }) => {
      chosen -= target.weight;
      return chosen < 0;
    });
  }

  /** Dials the inactive servers at intervals. */
  #monitor(): void {
    this.#timer = this.#config.clock.after(this.#config.retryDelayMs, () => {
      for (const remote of this.#remotes) if (remote.inactive) void this.#tryAgain(remote);
      if (!this.#stopped) this.#monitor();
    });
  }

  async #tryAgain(remote: Remote): Promise<void> {
    const { dial, logger, retryDelayMs } = this.#config;
    const { address } = remote.target;
    try {
      (await dial(remote.target)).destroy();
      remote.inactive = false;
      logger.info("activated", { address });
    } catch (error) {
      const fields = { address, interval: formatDuration(retryDelayMs), error: errorText(error) };
      logger.warn("failed to activate endpoint (stay inactive for another interval)", fields);
    }
  }
}
