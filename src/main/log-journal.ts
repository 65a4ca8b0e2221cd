import { once } from "node:events";
import { statSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import type { LogSink } from "./log-queue.js";

/** Where journald takes the streams of services. It takes entries as datagrams too, which Node cannot send. */
export const journalPath = "/run/systemd/journal/stdout";

/** How the journal ranks a line, as syslog(3) does. etcd's ranks. */
export const journalPriorities = { debug: 7, info: 6, warn: 4, error: 3, fatal: 2 } as const;

/**
 * What journald wants to know first, a line each: the name of the stream, no unit (it finds that out), the priority of
 * lines that name none, that lines begin with `<priority>`, and that nothing is to be forwarded elsewhere.
 */
const greeting = `etcd\n\n${journalPriorities.info}\n1\n0\n0\n0\n`;

/**
 * The journal of systemd, over the stream that it gives to services. A journal that is restarted is connected to
 * again.
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
    // A socket with room takes them before the call returns.
    if (this.#connection === undefined) throw new Error("the journal is not connected");
    this.#connection.write(bytes);
    return bytes.length;
  }

  async #connect(): Promise<Socket> {
    const connection = createConnection(this.#path);
    await once(connection, "connect");
    // A log alone keeps no process from ending.
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
