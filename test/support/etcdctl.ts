import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Release, reference } from "./reference.js";

/** The real command of a release, or ours. */
export type Etcdctl = Release | "ours";

const ourEtcdctl = fileURLToPath(new URL("../../bin/etcdctl", import.meta.url));

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Interrupts the command (SIGINT) as soon as its standard output satisfies this. */
  readonly until?: (stdout: string) => boolean;
  /** Interrupts it when this fires. */
  readonly signal?: AbortSignal;
}

/** Hardly a command of a test takes this long; one that does hangs, and is ended before its test is. */
const patienceMs = 100_000;

/** Runs an etcdctl against one endpoint. */
export function etcdctl(
  release: Etcdctl,
  endpoint: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const [program, before] =
      release === "ours" ? [process.execPath, [ourEtcdctl]] : [reference("etcdctl", release), []];
    const child = spawn(program, [...before, "--endpoints", endpoint, ...args], {
      env: environmentOf(options),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("latin1");
      if (options.until?.(stdout)) child.kill("SIGINT");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("latin1");
    });
    options.signal?.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
    const limit = setTimeout(() => {
      stderr += `still running after ${patienceMs} ms, ended\n`;
      child.kill("SIGKILL");
    }, patienceMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(limit);
      resolve({ stdout, stderr, code });
    });
    child.stdin.on("error", () => undefined); // the command may end without reading what it was given
    // A command that reads on would end by itself at the end of its input.
    if (options.until === undefined) child.stdin.end(options.stdin ?? "");
    else child.stdin.write(options.stdin ?? "");
  });
}

/** The variables of an etcdctl under test: none but those it needs, and those it is given. */
export function environmentOf({ env }: Pick<RunOptions, "env">): Record<string, string> {
  return { PATH: process.env.PATH ?? "", ETCDCTL_API: "3", HOME: "/nonexistent", ...env };
}

/** Splits a command line as a shell does, with single and double quotes and nothing else. */
export function words(line: string): string[] {
  const found = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return found.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
}
