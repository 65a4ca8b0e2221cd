import {
  around,
  type Bytes,
  ExitCode,
  Failure,
  humanSize,
  mayPaint,
  onTerminal,
  paint,
  textOf,
} from "../../cli/index.js";
import { type Client, ClientError } from "../../client/index.js";
import type { StatusResponse } from "../../wire/index.js";
import type { Context } from "../context.js";
import { endpointsOf } from "./endpoints-of.js";

/** The state of a member at one moment. */
interface Sample {
  readonly endpoint: Bytes;
  readonly at: number;
  readonly tookMs: number;
  readonly status: StatusResponse | undefined;
  readonly metrics: ReadonlyMap<string, number>;
  readonly error: string;
}

/** Shows the members and refreshes until `q` or Ctrl-C is pressed. Without a terminal, prints once. */
export async function top(context: Context): Promise<void> {
  context.settle();
  const endpoints = await endpointsOf(context);
  const clients = await Promise.all(endpoints.map((endpoint) => context.connect([endpoint])));
  const look = (): Promise<Sample[]> =>
    Promise.all(clients.map((client, at) => sample(client, endpoints[at] ?? "", context)));
  let before = await look();
  if (!onTerminal()) {
    around.stdout.write(`${view(before, before).join("\n")}\n`);
    if (before.every(({ status }) => status === undefined)) throw new Failure(ExitCode.Error, "no member answered");
    return;
  }
  const quit = whenQuit();
  process.stdout.write("\u001b[?1049h\u001b[?25l");
  try {
    for (;;) {
      const now = await look();
      process.stdout.write(
        `\u001b[H${view(now, before)
          .map((line) => `${line}\u001b[K`)
          .join("\r\n")}\u001b[J`,
      );
      before = now;
      if (await quit.within(Math.max(100, context.flags.number("interval")))) return;
    }
  } finally {
    process.stdout.write("\u001b[?25h\u001b[?1049l");
    quit.stop();
  }
}

async function sample(client: Client, endpoint: Bytes, context: Context): Promise<Sample> {
  const at = performance.now();
  try {
    const [status, metrics] = await Promise.all([client.status({ timeoutMs: 1_000 }), metricsOf(endpoint, context)]);
    return { endpoint, at, tookMs: performance.now() - at, status, metrics, error: "" };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { endpoint, at, tookMs: 0, status: undefined, metrics: new Map(), error: error.message };
  }
}

/** A member's metrics by name, summed over their labels; empty when it does not serve /metrics. */
async function metricsOf(endpoint: Bytes, context: Context): Promise<ReadonlyMap<string, number>> {
  const address = textOf(endpoint);
  if (address.startsWith("https:") || context.flags.text("cert") !== "") return new Map();
  const found = new Map<string, number>();
  try {
    const url = `${address.startsWith("http") ? address : `http://${address}`}/metrics`;
    const text = await (await fetch(url, { signal: AbortSignal.timeout(1_000) })).text();
    for (const line of text.split("\n")) {
      const [, name, value] = /^([a-z_]+)(?:\{[^}]*\})? ([-+.e0-9]+)$/i.exec(line) ?? [];
      if (name !== undefined) found.set(name, (found.get(name) ?? 0) + Number(value));
    }
  } catch {
    return found; // The port may not serve HTTP. The other columns do not need these metrics.
  }
  return found;
}

const columns = [22, 18, 9, 9, 9, 9, 9, 9, 9, 9, 9];
const headings = [
  "ENDPOINT",
  "MEMBER",
  "ROLE",
  "TERM",
  "INDEX",
  "DB",
  "PUT/S",
  "GET/S",
  "WATCHERS",
  "LEASES",
  "LATENCY",
];

function view(now: readonly Sample[], before: readonly Sample[]): string[] {
  const known = now.flatMap(({ status }) => (status === undefined ? [] : [status]));
  const leader = known.find((status) => status.leader !== 0n)?.leader ?? 0n;
  const revision = Math.max(0, ...known.map((status) => status.header?.revision ?? 0));
  const size = `${known.length} of ${now.length} members`;
  const title = `etcd  ${size}  leader ${leader === 0n ? "none" : leader.toString(16)}  revision ${revision}`;
  const rows = now.map((member, at) => row(member, before[at] ?? member));
  const quit = mayPaint() || onTerminal() ? [paint("dim", "q quits")] : [];
  return [paint("bold", title), "", paint("bold", aligned(headings)), ...rows, "", ...quit];
}

function row(now: Sample, before: Sample): string {
  const { status, metrics, tookMs, endpoint, error } = now;
  if (status === undefined) return `${textOf(endpoint).padEnd(columns[0] ?? 0)}${paint("red", error)}`;
  const id = status.header?.memberId ?? 0n;
  const role = status.isLearner ? "learner" : status.leader === id ? "leader" : "follower";
  const cells = [
    textOf(endpoint),
    id.toString(16),
    role,
    String(status.raftTerm),
    String(status.raftAppliedIndex),
    humanSize(status.dbSizeInUse),
    rate("etcd_mvcc_put_total", now, before),
    rate("etcd_mvcc_range_total", now, before),
    shown(metrics.get("etcd_debugging_mvcc_watcher_total")),
    leases(metrics),
    `${tookMs.toFixed(1)}ms`,
  ];
  const line = aligned(cells);
  return role === "leader" ? paint("green", line) : line;
}

function rate(name: string, now: Sample, before: Sample): string {
  const [newer, older] = [now.metrics.get(name), before.metrics.get(name)];
  if (newer === undefined || older === undefined) return "-";
  const seconds = (now.at - before.at) / 1_000;
  return seconds <= 0 ? "-" : ((newer - older) / seconds).toFixed(0);
}

function leases(metrics: ReadonlyMap<string, number>): string {
  const granted = metrics.get("etcd_debugging_lease_granted_total");
  if (granted === undefined) return "-";
  return String(granted - (metrics.get("etcd_debugging_lease_revoked_total") ?? 0));
}

function shown(value: number | undefined): string {
  return value === undefined ? "-" : String(value);
}

function aligned(cells: readonly string[]): string {
  return cells
    .map((cell, at) => cell.padEnd(columns[at] ?? 0))
    .join("")
    .trimEnd();
}

/** Waits for `q` or Ctrl-C on the terminal. */
function whenQuit(): { within(ms: number): Promise<boolean>; stop(): void } {
  let asked = false;
  let wake: () => void = () => undefined;
  const read = (chunk: Buffer): void => {
    if (![0x71, 0x51, 0x03].some((key) => chunk.includes(key))) return;
    asked = true;
    wake();
  };
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  process.stdin.on("data", read);
  return {
    within: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(asked), ms);
        wake = () => {
          clearTimeout(timer);
          resolve(true);
        };
        if (asked) wake();
      }),
    stop: () => {
      process.stdin.off("data", read);
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      process.stdin.pause();
    },
  };
}
