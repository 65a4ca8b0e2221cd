import type { Port } from "./port.js";

/** The most bytes of log lines that wait for the main thread. Further lines are dropped and counted. */
const waitingBytesMax = 256 * 1024;

/** The messages from a thread to the main thread that this room sends by itself. */
export const controlKinds = { line: 1, linesLost: 2, failed: 3 } as const;

/** Passes the log lines of a thread to the main thread, which writes them. No call waits. */
export class ThreadLog {
  readonly #port: Port;
  #lost = 0;

  constructor(port: Port) {
    this.#port = port;
  }

  /** @param line a line of JSON with its newline */
  write(line: string): void {
    if (this.#port.queuedBytes + line.length > waitingBytesMax) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.#port.post(controlKinds.linesLost).number(this.#lost);
    this.#lost = 0;
    this.#port.post(controlKinds.line).text(line);
  }
}
