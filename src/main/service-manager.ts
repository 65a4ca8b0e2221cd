import { execFile } from "node:child_process";
import { writeSync } from "node:fs";
import { promisify } from "node:util";
import { type Clock, errorText, type Logger } from "../base/index.js";

const run = promisify(execFile);

const commandMsMax = 5_000;

/** Delivers a message of sd_notify(3). */
type Deliver = (message: string) => Promise<void>;

/**
 * Reports the state of this process to systemd with the messages of sd_notify(3): that it is ready, that it is stopping
 * and, if the unit has a `WatchdogSec`, that its event loop is running.
 *
 * By default systemd accepts these messages from the main process of the unit only. Node has no datagram sockets, so
 * `bin/with-notify-socket` has connected a descriptor to systemd's socket before Node started. Without that descriptor
 * the command `systemd-notify` is run, which systemd accepts from root or with `NotifyAccess=all` in the unit.
 */
export class ServiceManager {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #deliver: Deliver;
  /** The interval of watchdog messages in ms; undefined when the unit has no watchdog. */
  readonly #aliveMs: number | undefined;

  private constructor(logger: Logger, clock: Clock, deliver: Deliver, aliveMs: number | undefined) {
    this.#logger = logger;
    this.#clock = clock;
    this.#deliver = deliver;
    this.#aliveMs = aliveMs;
  }

  /** The service manager named by the environment; undefined when the process does not run as a notifying unit. */
  static of(environment: NodeJS.ProcessEnv, logger: Logger, clock: Clock): ServiceManager | undefined {
    const { NOTIFY_SOCKET, NOTIFY_SOCKET_FD, WATCHDOG_USEC, WATCHDOG_PID } = environment;
    if (!NOTIFY_SOCKET) return undefined;
    const forUs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
    const watchdogMs = forUs && Number(WATCHDOG_USEC) > 0 ? Number(WATCHDOG_USEC) / 1_000 : undefined;
    // sd_watchdog_enabled(3) advises half of the time after which systemd kills the process.
    const aliveMs = watchdogMs && watchdogMs / 2;
    if (NOTIFY_SOCKET_FD)
      return new ServiceManager(logger, clock, throughDescriptor(Number(NOTIFY_SOCKET_FD)), aliveMs);
    if (process.getuid?.() !== 0) {
      const need =
        "bin/etcd as the command of the unit, with Perl or Python installed, or NotifyAccess=all in the unit";
      logger.warn("systemd may ignore the notifications of this process", { need });
    }
    return new ServiceManager(logger, clock, throughCommand, aliveMs);
  }

  /** Reports that the member serves clients, and starts the watchdog messages. */
  async ready(): Promise<void> {
    this.#logger.info("notifying init daemon");
    if (await this.#tell("READY=1", "readiness")) this.#logger.info("successfully notified init daemon");
    this.#stayAlive();
  }

  /** Reports that the member is stopping. The watchdog messages go on until the process exits. */
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
