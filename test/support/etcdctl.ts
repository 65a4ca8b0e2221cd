import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Release, reference } from "./reference.js";

/** The real etcdctl of a release, or ours. */
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
  /** Interrupts the command with SIGINT when this function returns true for its standard output. */
  readonly until?: (stdout: string) => boolean;
  /** Interrupts the command when the signal is aborted. */
  readonly signal?: AbortSignal;
}

/** The timeout of a command in ms, shorter than that of a test. A command that takes longer hangs. */
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
    child.stdin.on("error", () => undefined); // The command may end before it has read its input.
    // A command with `until` keeps its input open, since an interactive one would end at the end of its input.
    if (options.until === undefined) child.stdin.end(options.stdin ?? "");
    else child.stdin.write(options.stdin ?? "");
  });
}

/** The environment of an etcdctl under test: the necessary variables and those that are given. */
export function environmentOf({ env }: Pick<RunOptions, "env">): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: "/nonexistent", ...env };
}

/** Splits a command line as a shell does, but only with single and double quotes. */
export function words(line: string): string[] {
  const found = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return found.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
}
