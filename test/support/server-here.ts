import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogFields, silentLogger } from "../../src/base/index.js";
import { parseCommandLine } from "../../src/main/command-line.js";
import { type RunningMember, settingsOf, startMember } from "../../src/main/index.js";
import { freePort, memberFlags, ownLevel, type ServerKind, ServerProcess } from "./server-process.js";

/**
 * Our server inside the test, with the flags of a process. Comparisons of what clients see need many fresh servers, and
 * the start of a process costs more than all that one of them does.
 */
class ServerHere {
  readonly endpoint: string;
  readonly #member: RunningMember;
  readonly #dataDir: string;
  readonly #lines: string[];

  private constructor(endpoint: string, member: RunningMember, dataDir: string, lines: string[]) {
    this.endpoint = endpoint;
    this.#member = member;
    this.#dataDir = dataDir;
    this.#lines = lines;
  }

  static async start(flags: readonly string[] = []): Promise<ServerHere> {
    const dataDir = await mkdtemp(join(tmpdir(), "etcd-test-"));
    const [clientPort, peerPort] = [await freePort(), await freePort()];
    const level = ownLevel();
    const words = [
      ...memberFlags(dataDir, clientPort, peerPort),
      ...(level === undefined ? [] : ["--api-level", level]),
      ...flags,
    ];
    const lines: string[] = [];
    const note = (message: string, fields?: LogFields): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
    const logger = { ...silentLogger, info: note, warn: note, error: note };
    const never = new Promise<void>(() => undefined);
    const member = await startMember(settingsOf(parseCommandLine(words).values, false), logger, never);
    if (member === undefined) throw new Error("nobody told the member to stop");
    return new ServerHere(`127.0.0.1:${clientPort}`, member, dataDir, lines);
  }

  /** The log so far. */
  get log(): string {
    return this.#lines.join("\n");
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.#member.stop();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}

/** A server, as a comparison needs it. */
export interface Served {
  readonly endpoint: string;
  /** Its log so far. */
  readonly log: string;
  stop(): Promise<unknown>;
}

/** Servers for comparisons lose their data anyway, so they need not wait for the disk. */
const fleeting = ["--unsafe-no-fsync"];

/** A new server for a comparison: real etcd as a process, ours inside the test. */
export function freshServer(kind: ServerKind, flags: readonly string[] = []): Promise<Served> {
  const all = [...fleeting, ...flags];
  return kind === "ours" ? ServerHere.start(all) : ServerProcess.start({ kind, flags: all });
}
