import { execFile } from "node:child_process";
import { writeSync } from "node:fs";
import { promisify } from "node:util";
import { type Clock, errorText, type Logger } from "../base/index.js";

const run = promisify(execFile);

const commandMsMax = 5_000;

/** Delivers a message of sd_notify(3). */
type Deliver = (message: string) => Promise<void>;

/**
 * Tells systemd how this process is, as sd_notify(3) has it: that it is ready, that it stops, and, where the unit has
 * a `WatchdogSec`, that its event loop still turns.
 *
 * `bin/with-notify-socket` has connected a descriptor to systemd's socket, so that the messages come from the main
 * process, the only one that systemd believes by default. Without it, `systemd-notify` is run: systemd believes that
 * of root, or with `NotifyAccess=all` in the unit.
 */
export class ServiceManager {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #deliver: Deliver;
  /** How often systemd is told that this process lives; undefined when it does not ask. */
  readonly #aliveMs: number | undefined;

  private constructor(logger: Logger, clock: Clock, deliver: Deliver, aliveMs: number | undefined) {
    this.#logger = logger;
    this.#clock = clock;
    this.#deliver = deliver;
    this.#aliveMs = aliveMs;
  }

  /** The service manager that the environment names; undefined when there is none. */
  static of(environment: NodeJS.ProcessEnv, logger: Logger, clock: Clock): ServiceManager | undefined {
    const { NOTIFY_SOCKET, NOTIFY_SOCKET_FD, WATCHDOG_USEC, WATCHDOG_PID } = environment;
    if (!NOTIFY_SOCKET) return undefined;
    const forUs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
    const watchdogMs = forUs && Number(WATCHDOG_USEC) > 0 ? Number(WATCHDOG_USEC) / 1_000 : undefined;
    // Half of the time that systemd waits, as sd_watchdog_enabled(3) advises.
    const aliveMs = watchdogMs && watchdogMs / 2;
    if (NOTIFY_SOCKET_FD)
      return new ServiceManager(logger, clock, throughDescriptor(Number(NOTIFY_SOCKET_FD)), aliveMs);
    if (process.getuid?.() !== 0) {
      const need =
        "bin/etcd as the command of the unit, with Perl or Python installed, or NotifyAccess=all in the unit";
      logger.warn("systemd may not hear of this process", { need });
    }
    return new ServiceManager(logger, clock, throughCommand, aliveMs);
  }

  /** The member serves. From now on systemd hears that it lives. */
  async ready(): Promise<void> {
    this.#logger.info("notifying init daemon");
    if (await this.#tell("READY=1", "readiness")) this.#logger.info("successfully notified init daemon");
    this.#stayAlive();
  }

  /** The member begins to stop. It is still alive until it ends. */
  async stopping(): Promise<void> {
    await this.#tell("STOPPING=1", "the stop");
  }

  #stayAlive(): void {
    if (this.#aliveMs === undefined) return;
    this.#clock.after(this.#aliveMs, () => {
      void this.#tell("WATCHDOG=1", "being alive");
      this.#stayAlive();
    });
  }

  async #tell(message: string, what: string): Promise<boolean> {
    try {
      await this.#deliver(message);
      return true;
    } catch (error) {
      const reason = errorText(error);
      this.#logger.error(`failed to notify systemd for ${what}`, { error: reason });
      return false;
    }
  }
}

function throughDescriptor(descriptor: number): Deliver {
  return async (message) => {
    writeSync(descriptor, message);
  };
}

const throughCommand: Deliver = async (message) => {
  await run("systemd-notify", [message], { timeout: commandMsMax });
};
