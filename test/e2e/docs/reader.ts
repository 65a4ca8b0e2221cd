import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { expect } from "vitest";
import { findReference } from "../../support/reference.js";
import { until } from "../../support/until.js";
import { type Block, root } from "./page.js";

const serving = /ready to serve client requests|ready to proxy client requests|started gRPC proxy/;
/** Temporary refusals: members are not connected yet, or a learner has not caught up. A reader tries again. */
const passing = /unhealthy cluster|in sync with leader/;

export interface ReaderOptions {
  /** The address of the server that the page calls `localhost:2379`. Without it, the page starts its own server. */
  readonly endpoint?: string;
  /** Uses our etcdctl, for pages with commands that only ours has. By default the real one is used if there is one. */
  readonly etcdctl?: "ours";
  /** A function that is called before each statement. */
  readonly before?: (statement: string, reader: Reader) => Promise<void>;
}

/**
 * A reader who types the commands of a page into a terminal, in an empty folder with the package's `bin`. Servers get
 * loopback addresses that no other test uses. A comment after a command gives the expected result: `# → OK` is the
 * output, and a comment with "fails" or "denied" stands for an error.
 */
export class Reader {
  /** The address that replaces 127.0.0.1 of the page. */
  readonly host = `127.0.72.${1 + Math.floor(Math.random() * 250)}`;
  readonly folder: string;
  readonly #options: ReaderOptions;
  readonly #shell: ChildProcess;
  readonly #answers: Interface;
  /** One function for each command that has started members. It resolves when they serve. */
  readonly #starting: (() => Promise<void>)[] = [];
  #statements = 0;

  private constructor(folder: string, options: ReaderOptions) {
    this.folder = folder;
    this.#options = options;
    const env = {
      ...process.env,
      PATH: `${join(folder, "path")}:${process.env.PATH ?? ""}`,
      CLUSTER_HOST: this.host,
      ...(options.endpoint === undefined ? {} : { ETCDCTL_ENDPOINTS: options.endpoint }),
    };
    this.#shell = spawn("bash", { cwd: folder, env, stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#shell.stdout ?? process.stdin });
  }

  static async sitDown(options: ReaderOptions = {}): Promise<Reader> {
    const folder = await mkdtemp(join(tmpdir(), "etcd-docs-"));
    const reader = new Reader(folder, options);
    await mkdir(join(folder, "path"));
    await mkdir(join(folder, "bin"));
    const real = options.etcdctl === "ours" ? undefined : findReference("etcdctl", "3.5");
    const etcdctl = real ?? `${process.execPath} ${join(root, "bin/etcdctl")}`;
    const program = (path: string, text: string) =>
      writeFile(join(folder, path), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    await program("path/etcdctl", `exec ${etcdctl} "$@"`);
    await program("path/etcdutl", `exec ${process.execPath} ${join(root, "bin/etcdutl")} "$@"`);
    // Other tests may run members with the same names at the same time. A command must find those of its own page.
    await program(
      "path/pgrep",
      "for process in /proc/[0-9]*; do\n" +
        "  pid=$(basename $process)\n" +
        '  [ "$(readlink $process/cwd)" = "$PWD" ] && [ $pid != $$ ] || continue\n' +
        '  tr "\\0" " " <$process/cmdline 2>/dev/null | grep -q -e "$2" && echo $pid\n' +
        "done; true",
    );
    await program(
      "path/npm",
      `shift 2; [ "$1" = -- ] && shift; exec ${process.execPath} ${join(root, "bin/cluster")} "$@"`,
    );
    // A server that is started without URLs gets a free address.
    const alone = reader.host.replace(".72.", ".73.");
    const [client, peer] = [`http://${alone}:2379`, `http://${alone}:2380`];
    const urls =
      `--listen-client-urls ${client} --advertise-client-urls ${client} --listen-peer-urls ${peer} ` +
      `--initial-advertise-peer-urls ${peer} --initial-cluster default=${peer}`;
    await program(
      "bin/etcd",
      `case "$*" in *-urls*|config*|gateway*|grpc-proxy*|*--help*|*--version*) urls=;; *) urls="${urls}";; esac\n` +
        `exec ${process.execPath} ${join(root, "bin/etcd")} "$@" $urls`,
    );
    await symlink(join(root, "bin/etcdctl"), join(folder, "bin/etcdctl"));
    return reader;
  }

  /** Runs the commands of the blocks in order, and compares their output with the page. */
  async follow(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) for (const statement of statementsOf(block.text)) await this.#type(statement, block);
    await this.#untilServing();
  }

  /** Runs a command. @returns its output, whether or not it succeeded */
  async run(statement: string): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
    const { file, answer } = await this.#source(statement, "");
    return { status: Number(answer), stdout: read(`${file}.out`), stderr: read(`${file}.err`) };
  }

  /** Ends all started processes, and removes the folder. */
  async leave(): Promise<void> {
    this.#shell.stdin?.end();
    await until(async () => {
      const left = processesIn(this.folder);
      for (const pid of left) kill(pid, "SIGKILL");
      return left.length === 0;
    });
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #type(statement: string, block: Block): Promise<void> {
    const [, comment = ""] = /^.*?\s# (.*)/.exec(statement) ?? [];
    const here = `line ${block.line}: ${statement}`;
    await this.#options.before?.(statement, this);
    const servers = startedBy(statement);
    if (servers > 0) await this.#keepRunning(statement, servers, here);
    // Members that are started one after the other wait for each other, so the next one must be started first.
    if (statement.endsWith("&")) return;
    await this.#untilServing();
    if (servers > 0) return;
    if (isEndless(statement)) return this.#lookAt(statement);
    let outcome = await this.run(statement);
    await until(async () => {
      if (!passing.test(outcome.stderr)) return true;
      outcome = await this.run(statement);
      return false;
    });
    const fails = /fails|denied/.test(comment);
    expect(outcome.status !== 0, `${here}\n${outcome.stdout}${outcome.stderr}`).toBe(fails);
    const [, promised] = /^→ (.*)$/.exec(comment) ?? [];
    if (promised !== undefined) expect(outcome.stdout.trim().split("\n").join(", "), here).toBe(promised);
  }

  /** Runs a command that serves until this reader leaves. */
  async #keepRunning(statement: string, servers: number, here: string): Promise<void> {
    const { file, answer } = await this.#source(statement.replace(/\s*&$/, ""), "&");
    this.#starting.push(async () => {
      const log = () => read(`${file}.out`) + read(`${file}.err`);
      await until(async () => log().split(serving).length > servers || !isAlive(Number(answer)));
      expect(log().split(serving).length, `${here}\n${log()}`).toBeGreaterThan(servers);
    });
  }

  async #untilServing(): Promise<void> {
    for (const serves of this.#starting.splice(0)) await serves();
  }

  /** Runs a command that prints until it is interrupted, and interrupts it after its first output. */
  async #lookAt(statement: string): Promise<void> {
    const { file, answer } = await this.#source(`exec ${statement}`, "&");
    await until(async () => read(`${file}.out`) !== "");
    kill(Number(answer), "SIGTERM");
  }

  /** Runs a statement in the shell itself, which keeps functions and variables. With "&" it runs in the background. */
  async #source(statement: string, background: "" | "&"): Promise<{ readonly file: string; readonly answer: string }> {
    const file = join(this.folder, "path", `statement-${++this.#statements}`);
    const { endpoint } = this.#options;
    const here =
      endpoint === undefined
        ? statement.replaceAll("127.0.0.1", this.host)
        : // The proxies of a page listen on ports of their own.
          statement.replace(/127\.0\.0\.1(?=:2379\d)/g, this.host).replaceAll("localhost:2379", endpoint);
    await writeFile(file, here);
    const answered = once(this.#answers, "line");
    const redirected = `source ${file} >${file}.out 2>${file}.err </dev/null`;
    this.#shell.stdin?.write(background === "" ? `${redirected}; echo $?\n` : `${redirected} & echo $!\n`);
    const [answer] = await answered;
    return { file, answer };
  }
}

/** Splits a block into statements, as a shell does that reads it line by line. */
export function statementsOf(text: string): readonly string[] {
  const statements: string[] = [];
  let statement = "";
  for (const line of text.split("\n")) {
    statement += statement === "" ? line : `\n${line}`;
    if (statement.trim() === "" || line.endsWith("\\")) continue;
    // An open quote or function is an error of the shell, and an open here-document a warning.
    const { status, stderr } = spawnSync("bash", ["-n"], { input: `${statement}\n`, encoding: "utf8" });
    if (status !== 0 || stderr !== "") continue;
    statements.push(statement);
    statement = "";
  }
  expect(statement.trim(), "a block ends in the middle of a command").toBe("");
  return statements;
}

/** The number of members that a command starts and that serve until they are ended. */
function startedBy(statement: string): number {
  const cluster = /^npm run cluster(?: -- ([\w ]+?))?(?:\s+#.*)?$/.exec(statement);
  if (cluster !== null) return cluster[1] === undefined ? 3 : cluster[1].split(" ").length;
  return /^bin\/etcd (--(?!help|version)|\S+ start )/.test(statement) || /^\w+ .*&$/.test(statement) ? 1 : 0;
}

function isEndless(statement: string): boolean {
  return /^etcdctl watch |^curl -sN .*\/v3\/watch/.test(statement);
}

/** All processes that were started in this folder. The members of a page have their own process groups. */
function processesIn(folder: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readlinkSync(`/proc/${name}/cwd`) === folder ? [Number(name)] : [];
    } catch {
      return []; // The process has ended, or belongs to another user.
    }
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has ended by itself.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // There is no output yet.
  }
}

/** Whether curl is installed. With `CI=true` its absence is a failure, which would go unnoticed otherwise. */
export function haveCurl(): boolean {
  try {
    execFileSync("curl", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CI === "true") throw new Error("curl not found");
    console.warn("skipped: curl not found");
    return false;
  }
}
