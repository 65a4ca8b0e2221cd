import { expect } from "vitest";
import { FlagError, findCommand } from "../../src/cli/index.js";
import { root } from "../../src/ctl/command-table.js";
import { type Etcdctl, etcdctl, type RunOptions, words } from "../support/etcdctl.js";
import { etcdctlHere } from "../support/etcdctl-here.js";
import { freshServer, type Served } from "../support/server-here.js";
import type { ServerKind } from "../support/server-process.js";
import { commandOf, type Scenario, type Step } from "./scenarios/scenario.js";

/** The output and exit code of each command. Parts that cannot be equal are hidden. */
export async function transcript(
  kind: ServerKind,
  release: Etcdctl,
  scenario: Scenario,
  started: Promise<Served> = freshServer(kind, scenario.flags),
): Promise<string[]> {
  const server = await started;
  const leases: bigint[] = [];
  try {
    const printed: string[] = [];
    for (const step of scenario.steps) printed.push(await runStep(server, release, step, leases));
    return printed;
  } catch (error) {
    throw new Error(`${error}\n${server.log.split("\n").slice(-20).join("\n")}`);
  } finally {
    await server.stop();
  }
}

/**
 * Checks that our etcdctl printed the same as the real one, but for log lines of Go's client and help texts. Commands
 * at which the real one crashes are left out: it does at some invalid comparisons.
 *
 * @returns the number of command lines compared
 */
export function expectSameCommands(ours: readonly string[], theirs: readonly string[]): number {
  const comparable = theirs.map((text) => !/^goroutine \d+ \[running\]/m.test(text));
  const compared = (printed: readonly string[]): string[] => printed.filter((_, at) => comparable[at]).map(withoutLogs);
  expect(compared(ours)).toEqual(compared(theirs));
  return comparable.filter((can) => can).length;
}

/** Removes the log lines of Go's client and of stty, and help texts, which differ. */
function withoutLogs(text: string): string {
  return text
    .replace(/^(stty: .*|\{"level":.*)\n?/gm, "")
    .replace(/^(NAME:|Usage: )[\s\S]*?(?=^-+ (\d+|null|interrupted)$)/gm, "HELP\n")
    .replace(/^Usage:\n[\s\S]*?(?=^Error:)/gm, "")
    .replace(/-{2,}/g, "-")
    .replace(/ {2,}/g, " ");
}

async function runStep(server: Served, release: Etcdctl, step: Step, leases: bigint[]): Promise<string> {
  const options = typeof step === "string" ? { run: step } : step;
  const line = commandOf(step).replace(/\$(\d)/g, (_, at) => leases[Number(at) - 1]?.toString(16) ?? "?");
  const wanted = options.lines;
  const given: RunOptions = {
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    env: { ...options.env, ...(release === "ours" && { ETCDCTL_COMPAT: "3.5" }) },
    ...(wanted === undefined ? {} : { until: (stdout: string) => stdout.split("\n").length > wanted }),
  };
  const argv = words(line);
  const needsProcess = release !== "ours" || wanted !== undefined || isSample(argv);
  const outcome = await (needsProcess
    ? etcdctl(release, server.endpoint, argv, given)
    : etcdctlHere(server.endpoint, argv, given));
  for (const [, hex, decimal] of outcome.stdout.matchAll(/lease ([0-9a-f]{16}) granted|"ID"\s*:\s*(\d{15,})/g)) {
    const id = hex === undefined ? BigInt(decimal ?? 0) : BigInt(`0x${hex}`);
    if (line.startsWith("lease grant") && !leases.includes(id)) leases.push(id);
  }
  const code = wanted === undefined ? outcome.code : "interrupted";
  const text = `etcdctl ${commandOf(step)}\n${outcome.stdout}--- ${code}\n${outcome.stderr}`;
  return hide(text, server.endpoint, leases, options.hide);
}

/** The commands that have already run as a process. */
const sampled = new Set<string>();

/**
 * Whether our etcdctl runs as a process. Usually it runs inside the test, since the start of a process is most of a
 * command's cost. Each command runs as a process once, and always if it runs a program or may not end by itself.
 */
function isSample(argv: readonly string[]): boolean {
  const name = nameOf(argv);
  const first = !sampled.has(name);
  sampled.add(name);
  return first || /^(lock|elect|watch)\b/.test(name);
}

/** The name of a command, such as `lease grant`; empty if there is none. */
function nameOf(argv: readonly string[]): string {
  try {
    const { path } = findCommand(root, argv);
    return path
      .slice(1)
      .map(({ name }) => name)
      .join(" ");
  } catch (error) {
    if (error instanceof FlagError) return "";
    throw error;
  }
}

function hide(text: string, endpoint: string, leases: readonly bigint[], more?: RegExp): string {
  let hidden = text
    .replaceAll(endpoint, "ENDPOINT")
    .replace(/\d+(\.\d+)?(ns|µs|Âµs|ms|s)\b/g, "ELAPSED")
    .replace(/"ts":"[^"]*"|\d{4}-\d\d-\d\dT[\d:.]+Z?/g, "TIME")
    .replace(/0x[0-9a-f]{6,}/g, "ADDRESS")
    .replace(/client-[0-9a-f-]{36}/g, "CLIENT")
    .replace(/LocalAddr: '[\d.:]+'/g, "LocalAddr")
    .replace(/("dbSize(InUse)?":|"DBSize(InUse)?" : )\d+/g, "$1SIZE")
    .replace(/\b\d+(\.\d+)? [kM]?B\b/g, "SIZE");
  // The widths of table columns depend on hidden values. The text has one character per byte, three for a box
  // character.
  if (/\||\xe2\x94\x82/.test(hidden)) hidden = hidden.replace(/-{2,}|(\xe2\x94\x80)+/g, "-").replace(/ {2,}/g, " ");
  leases.forEach((id, at) => {
    hidden = hidden.replaceAll(id.toString(16), `LEASE${at + 1}`).replaceAll(id.toString(), `LEASE${at + 1}`);
  });
  return more === undefined ? hidden : hidden.replace(more, "MOMENT");
}
