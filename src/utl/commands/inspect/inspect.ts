import {
  type Bytes,
  badArgs,
  bytesOf,
  ExitCode,
  Failure,
  type FlagSet,
  quote,
  textOf,
  textOfError,
  unsupported,
} from "../../../cli/index.js";
import { inspectMember, whenUnused } from "../../../server/index.js";
import type { Context } from "../../context.js";
import { showBucket } from "./buckets.js";
import { DamageLines } from "./damage-lines.js";
import { showKey, showSizes } from "./keys.js";
import type { Lines } from "./lines.js";
import { jsonLines, textLines } from "./lines.js";
import { showLog } from "./log.js";
import type { OpenMember } from "./open-member.js";
import { showOverview } from "./overview.js";

const parts = ["log", "key", "sizes", "bucket"] as const;

/**
 * Looks into a data directory. Damage is shown as a line of its own, and what lies behind it goes on; the command then
 * ends with a failure.
 */
export async function inspect(context: Context): Promise<void> {
  const { flags, timeoutMs } = context;
  const part = chosenPart(flags);
  const lines = linesFor(context);
  const dataDir = textOf(context.args[0] ?? "");
  const walDir = textOf(flags.text("wal-dir"));
  const damage = new DamageLines();
  const show = showing(part, flags, damage.before(lines));
  try {
    await whenUnused(dataDir, timeoutMs);
    const shown = { log: part === undefined || part === "log", database: part !== "log" };
    const member = await inspectMember(dataDir, walDir === "" ? undefined : walDir, (where, what) => {
      if (shown[where]) damage.add(what);
    });
    try {
      // The damage of a log of etcd is found again at its place, while the log is read.
      if (part === "log" && member.kind === "etcd") damage.forget();
      await show({ ...member, damaged: (what) => damage.add(what) });
    } finally {
      await damage.print(lines);
      await member.close();
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(ExitCode.Error, textOfError(error), { cause: error });
  }
  const { count } = damage;
  if (count > 0)
    throw new Failure(ExitCode.Error, `${count} damaged ${count === 1 ? "place was" : "places were"} left out`);
}

function chosenPart(flags: FlagSet): (typeof parts)[number] | undefined {
  const chosen = parts.filter((name) => flags.changed(name));
  if (chosen.length > 1) throw badArgs(`only one of ${parts.map((name) => `--${name}`).join(", ")} can be printed`);
  return chosen[0];
}

function linesFor({ format }: Context): Lines {
  if (format === "simple") return textLines;
  if (format === "json") return jsonLines;
  throw unsupported(format);
}

function showing(part: (typeof parts)[number] | undefined, flags: FlagSet, lines: Lines) {
  const values = flags.bool("show-values");
  switch (part) {
    case "log": {
      const range = {
        from: flags.number("from"),
        to: flags.changed("to") ? flags.number("to") : Number.MAX_SAFE_INTEGER,
        since: timeIn(flags, "since") ?? Number.NEGATIVE_INFINITY,
        until: timeIn(flags, "until") ?? Number.POSITIVE_INFINITY,
      };
      return (member: OpenMember) => showLog(member, range, values, lines);
    }
    case "key":
      return (member: OpenMember) => showKey(member, flags.text("key"), values, lines);
    case "sizes": {
      const separator = flags.text("separator");
      if (separator === "") throw badArgs("--separator is empty");
      const by = { within: flags.text("prefix"), separator, depth: flags.number("depth") };
      return (member: OpenMember) => showSizes(member, by, lines);
    }
    case "bucket":
      return (member: OpenMember) => showBucket(member, flags.text("bucket"), values, lines);
    default:
      return (member: OpenMember) => showOverview(member, lines);
  }
}

function timeIn(flags: FlagSet, name: string): number | undefined {
  const text: Bytes = flags.text(name);
  if (text === "") return undefined;
  const time = Date.parse(textOf(text));
  if (Number.isNaN(time)) throw badArgs(bytesOf(`--${name} is no time such as 2030-01-31T12:00:00Z: ${quote(text)}`));
  return time;
}
