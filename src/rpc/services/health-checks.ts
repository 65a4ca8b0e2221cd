import { EtcdError, type Logger } from "../../base/index.js";
import type { Call, EtcdServer, KvService, LeaderView } from "../../server/index.js";
import { AlarmType } from "../../wire/index.js";

export interface HealthServer extends Pick<EtcdServer, "alarms" | "isLearner"> {
  readonly leadership: Pick<LeaderView, "hasLeader">;
  readonly kv: Pick<KvService, "probe">;
}

/** The answer of `/health`. `health` is a string, as in etcd. */
export interface Health {
  readonly health: "true" | "false";
  readonly reason: string;
}

/** A check of `/livez` or `/readyz`. It returns what is wrong, or undefined. */
export type Check = (call: Call) => Promise<string | undefined>;

/** How often a check passed and failed, and its last result. */
export interface CheckCounts {
  readonly type: "livez" | "readyz";
  readonly name: string;
  passes: number;
  failures: number;
  passed: boolean;
}

const alarmNames: Readonly<Record<number, string>> = { [AlarmType.NOSPACE]: "NOSPACE", [AlarmType.CORRUPT]: "CORRUPT" };

/** The health checks of this member, for load balancers and orchestrators. */
export class HealthChecks {
  /** The numbers of healthy and unhealthy answers of `/health` so far. */
  successes = 0;
  failures = 0;
  /** The counts of all checks that have run, for the metrics. */
  readonly counts: CheckCounts[] = [];
  readonly livez: Readonly<Record<string, Check>>;
  readonly readyz: Readonly<Record<string, Check>>;
  readonly #server: HealthServer;
  readonly #logger: Logger;

  constructor(server: HealthServer, logger: Logger) {
    this.#server = server;
    this.#logger = logger;
    const serializable: Check = (call) => this.#readFault(true, call);
    this.livez = this.#counted("livez", { serializable_read: serializable });
    this.readyz = this.#counted("readyz", {
      data_corruption: async () => this.#corruption(),
      serializable_read: serializable,
      linearizable_read: (call) => this.#readFault(false, call),
      non_learner: async () => (this.#server.isLearner() ? "not supported for learner" : undefined),
    });
  }

  /**
   * The answer of `/health`.
   *
   * @param excluded alarms to ignore
   * @param serializable checks this member only, with a serializable read
   */
  async health(excluded: ReadonlySet<string>, serializable: boolean, call: Call): Promise<Health> {
    const reason = this.#alarm(excluded) ?? this.#leader(serializable) ?? (await this.#read(serializable, call));
    if (reason === undefined) this.successes++;
    else {
      this.failures++;
      this.#logger.warn("serving /health false", { reason });
    }
    return reason === undefined ? { health: "true", reason: "" } : { health: "false", reason };
  }

  #counted(type: CheckCounts["type"], checks: Readonly<Record<string, Check>>): Readonly<Record<string, Check>> {
    const counting = (name: string, check: Check): Check => {
      let counts: CheckCounts | undefined;
      return async (call) => {
        const fault = await check(call);
        if (counts === undefined) {
          counts = { type, name, passes: 0, failures: 0, passed: true };
          this.counts.push(counts);
        }
        counts.passed = fault === undefined;
        if (counts.passed) counts.passes++;
        else counts.failures++;
        return fault;
      };
    };
    return Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, counting(name, check)]));
  }

  #alarm(excluded: ReadonlySet<string>): string | undefined {
    for (const { alarm } of this.#server.alarms()) {
      const name = alarmNames[alarm] ?? "UNKNOWN";
      if (!excluded.has(name)) return `ALARM ${name}`;
    }
    return undefined;
  }

  #leader(serializable: boolean): string | undefined {
    return serializable || this.#server.leadership.hasLeader ? undefined : "RAFT NO LEADER";
  }

  async #read(serializable: boolean, call: Call): Promise<string | undefined> {
    const fault = await this.#readFault(serializable, call);
    return fault === undefined ? undefined : `RANGE ERROR:${fault}`;
  }

  #corruption(): string | undefined {
    const corrupt = this.#server.alarms().some(({ alarm }) => alarm === AlarmType.CORRUPT);
    return corrupt ? "alarm activated: CORRUPT" : undefined;
  }

  async #readFault(serializable: boolean, call: Call): Promise<string | undefined> {
    try {
      await this.#server.kv.probe(serializable, call);
      return undefined;
    } catch (error) {
      if (error instanceof EtcdError) return error.message;
      throw error;
    }
  }
}
