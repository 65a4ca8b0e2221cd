import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import type { ApiLevel } from "../../src/base/index.js";
import { reference } from "./reference.js";

/** The size of a page of memory, on Linux on x86 and most ARM machines. */
const pageBytes = 4096;
const ourServer = fileURLToPath(new URL("../../bin/etcd", import.meta.url));

export type ServerKind = "ours" | "etcd 3.4" | "etcd 3.5";

let levelOfOurs: ApiLevel | undefined;

/** Starts all of our servers in this test file at a level, for comparisons with real servers of that release. */
export function oursAnswerAs(level: ApiLevel): void {
  levelOfOurs = level;
  // The next file of this worker has the default again.
  afterAll(() => {
    levelOfOurs = undefined;
  });
}

/** The level of our servers in this test file; undefined for the default. */
export function ownLevel(): ApiLevel | undefined {
  return levelOfOurs;
}

/** The flags of a member that is alone. Its member and cluster ids are those of the default flags. */
export function memberFlags(dataDir: string, clientPort: number, peerPort: number): readonly string[] {
  return [
    ...["--name", "default", "--data-dir", join(dataDir, "data")],
    ...["--listen-client-urls", `http://127.0.0.1:${clientPort}`, "--advertise-client-urls", "http://127.0.0.1:2379"],
    ...["--listen-peer-urls", `http://127.0.0.1:${peerPort}`],
    ...["--initial-advertise-peer-urls", "http://127.0.0.1:2380"],
    ...["--initial-cluster", "default=http://127.0.0.1:2380"],
  ];
}

export interface ServerOptions {
  readonly kind: ServerKind;
  /** The data directory, which is kept for another start. By default a new folder is made, and removed by `stop`. */
  readonly dataDir?: string;
  readonly flags?: readonly string[];
  readonly clientPort?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Starts our server through its launcher, which chooses settings of memory, instead of with Node alone. */
  readonly launcher?: boolean;
  /** The root of another build of our server; by default this one. */
  readonly build?: string | undefined;
  /** The working directory, for relative paths in flags. By default that of the tests. */
  readonly workDir?: string;
  /** The maximum size of a file in KiB. Writes beyond it fail as on a full disk. */
  readonly fileKiBMax?: number;
}

/** A server process on free ports, with the member and cluster ids of the default flags. */
export class ServerProcess {
  readonly endpoint: string;
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #removeData: boolean;
  #log = "";

  private constructor(child: ChildProcess, endpoint: string, dataDir: string, removeData: boolean) {
    this.#child = child;
    this.endpoint = endpoint;
    this.dataDir = dataDir;
    this.#removeData = removeData;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#log += chunk.toString("utf8");
      });
    }
  }

  static async start(options: ServerOptions): Promise<ServerProcess> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "etcd-test-")));
    const [clientPort, peerPort] = [options.clientPort ?? (await freePort()), await freePort()];
    const endpoint = `127.0.0.1:${clientPort}`;
    const flags = [
      ...memberFlags(dataDir, clientPort, peerPort),
      ...(options.kind === "etcd 3.4" ? ["--logger", "zap"] : []),
      ...(options.flags ?? []),
    ];
    const [program, args] = commandOf(options, flags);
    const level = options.kind === "ours" && levelOfOurs !== undefined && { ETCD_API_LEVEL: levelOfOurs };
    const env: NodeJS.ProcessEnv = { ...process.env, ...level, ...options.env };
    // `npm run test:threads` sets the number of threads for all servers. A flag of the test itself wins.
    if (options.kind !== "ours" || flags.some((flag) => /^--?threads\b/.test(flag))) delete env.ETCD_THREADS;
    const limit = options.fileKiBMax === undefined ? "" : `ulimit -f ${options.fileKiBMax}; `;
    const child = spawn("bash", ["-c", `${limit}exec "$0" "$@"`, program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env,
      cwd: options.workDir,
    });
    const server = new ServerProcess(child, endpoint, dataDir, options.dataDir === undefined);
    await server.logged(options.kind === "etcd 3.4" ? "serving client traffic" : "ready to serve client requests");
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The memory of the process that is in RAM. */
  get residentBytes(): number {
    const pages = readFileSync(`/proc/${this.pid}/statm`, "utf8").split(" ")[1];
    return Number(pages) * pageBytes;
  }

  /** The output so far. */
  get log(): string {
    return this.#log;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Resolves when the text has been printed. Rejects if the process ends before. */
  logged(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!this.#log.includes(text)) return;
        stop();
        resolve();
      };
      const ended = (code: number | null, signal: string | null): void => {
        stop();
        reject(
          new Error(`the server ended (${code ?? signal}) without printing ${JSON.stringify(text)}:\n${this.#log}`),
        );
      };
      const stop = (): void => {
        for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.off("data", look);
        this.#child.off("exit", ended);
      };
      for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", look);
      this.#child.once("exit", ended);
      look();
    });
  }

  /** Resolves with the exit code when the process has ended by itself. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    return this.#child.exitCode;
  }

  /** Sends a signal and waits until the process has ended. The data is kept. */
  async kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.kill(signal);
      await gone;
    }
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  /** Ends the process, and removes its data unless the caller gave the folder. */
  async stop(): Promise<void> {
    await this.kill("SIGKILL");
    if (this.#removeData) await rm(this.dataDir, { recursive: true, force: true });
  }
}

function commandOf({ kind, launcher, build }: ServerOptions, flags: readonly string[]): [string, readonly string[]] {
  if (kind !== "ours") return [reference("etcd", kind === "etcd 3.4" ? "3.4" : "3.5"), flags];
  const server = build === undefined ? ourServer : join(build, "bin", "etcd");
  return launcher === true ? [server, flags] : [process.execPath, [server, ...flags]];
}

/** The number of ports for each test worker, below the ports that the kernel uses for outgoing connections. */
const portsPerWorker = 2_000;
const firstPort = 10_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 10) * portsPerWorker;
let nextPort = Math.floor(Math.random() * portsPerWorker);

/** A loopback port on which nothing listens, and which no other test gets soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < portsPerWorker; tries++) {
    const port = firstPort + (nextPort++ % portsPerWorker);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port in ${portsPerWorker} from ${firstPort}`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  probe.listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}
