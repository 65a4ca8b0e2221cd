import type { Clock, Logger, MemoryAccount, Random } from "../base/index.js";
import type { FlagSet, RunningCommand } from "../cli/index.js";

/** The process that a proxy runs in. */
export interface ProxyHost {
  readonly clock: Clock;
  readonly random: Random;
  /** How many connections may be open at once; Infinity for no bound. */
  readonly connectionsMax: number;
  /** Opens the process's log, which shows lines of this level and above. */
  openLogger(level: "debug" | "info"): Logger;
  /** The account of the bytes that are held for clients. */
  memory(logger: Logger): MemoryAccount;
  /** The proxy serves. Resolves when the process is told to stop. */
  serving(logger: Logger): Promise<void>;
}

/** A command of a proxy that runs. */
export class ProxyCommand implements RunningCommand {
  readonly flags: FlagSet;
  readonly host: ProxyHost;

  constructor(flags: FlagSet, host: ProxyHost) {
    this.flags = flags;
    this.host = host;
  }

  /** A proxy closes what it has opened when it is told to stop. */
  close(): void {}
}
