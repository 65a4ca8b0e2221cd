import { once } from "node:events";
import { statSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import type { LogSink } from "./log-queue.js";

/** journald's socket for the output streams of services. Its other socket takes datagrams, which Node cannot send. */
const journalPath = "/run/systemd/journal/stdout";

/** The journal's priority for each level, a number of syslog(3); the same numbers as etcd uses. */
export const journalPriorities = { debug: 7, info: 6, warn: 4, error: 3, fatal: 2 } as const;

/**
 * The lines that open a stream to journald: the name of the stream, its unit (empty: journald finds it out), the
 * default priority, 1 because lines begin with `<priority>`, and three zeros: nothing is forwarded elsewhere.
 */
const greeting = `etcd\n\n${journalPriorities.info}\n1\n0\n0\n0\n`;

/**
 * Writes the log to systemd's journal, over the stream protocol for the output of services. It connects again when the
 * journal has been restarted.
 */
export class LogJournal implements LogSink {
  readonly #path: string;
  #connection: Socket | undefined;

  /** @throws Error when this machine has no journal */
  constructor(path: string = journalPath) {
    this.#path = path;
    if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) throw new Error(`can't find journal (${path})`);
  }

  async write(bytes: Buffer): Promise<number> {
    const connection = this.#connection ?? (await this.#connect());
    await new Promise<void>((resolve, reject) => {
      const gone = (): void => reject(new Error("the journal has closed the connection"));
      connection.once("close", gone);
      connection.write(bytes, (error) => {
        connection.removeListener("close", gone);
        if (error) reject(error);
        else resolve();
      });
    });
    return bytes.length;
  }

  writeNow(bytes: Buffer): number {
    // A socket whose buffer has room takes the bytes before the call returns.
    if (this.#connection === undefined) throw new Error("the journal is not connected");
    this.#connection.write(bytes);
    return bytes.length;
  }

  async #connect(): Promise<Socket> {
    const connection = createConnection(this.#path);
    await once(connection, "connect");
    // An open connection to the journal alone must not keep the process alive.
    connection.unref();
    connection.on("error", () => undefined);
    connection.once("close", () => {
      this.#connection = undefined;
    });
    connection.resume();
    connection.write(greeting);
    this.#connection = connection;
    return connection;
  }
}
