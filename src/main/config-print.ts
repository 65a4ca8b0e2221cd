import { formatDuration } from "../base/index.js";
import { parseCommandLine } from "./command-line.js";
import { readConfigFile } from "./config-file.js";
import { applyEnvironment } from "./environment.js";
import type { Flag } from "./flag.js";
import { FlagError } from "./flag-error.js";
import { type FlagName, flagTable, variableOf } from "./flag-table.js";
import type { FlagValues } from "./flag-values.js";
import type { Printed } from "./printed.js";
import { replacementOf, withNewNames } from "./renamed-flags.js";
import { type Settings, settingsOf } from "./settings.js";

/** One setting with the value that a member would use. */
interface Row {
  readonly name: string;
  readonly value: string | number | boolean | readonly string[];
  readonly source: "flag" | "variable" | "file" | "default";
  /** The flag, variable or key that set the value; undefined for a default. */
  readonly from: string | undefined;
}

/** Flags that are not settings of a member, so they are not printed. */
const notSettings = new Set<string>(["config-file", "version"]);

/**
 * `etcd config print`: the settings that a member started in the same way would have.
 *
 * @param aligned pads the columns, for a terminal; otherwise tabs separate them
 * @throws FlagError when a member would refuse to start with these settings
 */
export function printConfig(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  aligned: boolean,
): Printed {
  const { format, flags } = splitFormat(words);
  const rows = rowsOf(flags, environment);
  if (format === "json") return { text: `${JSON.stringify(rows)}\n` };
  const cells = [
    ["SETTING", "VALUE", "SOURCE"],
    ...rows.map(({ name, value, source, from }) => [
      name,
      shown(value),
      from === undefined ? source : `${source} ${from}`,
    ]),
  ];
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    aligned
      ? row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()
      : row.join("\t"),
  );
  return { text: `${lines.join("\n")}\n` };
}

function splitFormat(words: readonly string[]): { readonly format: string; readonly flags: readonly string[] } {
  const at = words.findIndex((word) => /^(-w|--write-out)(=|$)/.test(word));
  if (at < 0) return { format: "table", flags: words };
  const [, joined] = /=(.*)$/.exec(words[at] ?? "") ?? [];
  const format = joined ?? words[at + 1] ?? "";
  if (format !== "table" && format !== "json") throw new FlagError("-w: expected table or json", { syntax: true });
  return { format, flags: [...words.slice(0, at), ...words.slice(at + (joined === undefined ? 2 : 1))] };
}

function rowsOf(words: readonly string[], environment: Readonly<Record<string, string | undefined>>): readonly Row[] {
  const { values, given, refusal } = parseCommandLine(words);
  const path = values.text("config-file") || environment.ETCD_CONFIG_FILE || "";
  if (path !== "") {
    const file = readConfigFile(path).values;
    return rows(file, settingsOf(file, true), path);
  }
  applyEnvironment(values, given, environment);
  if (refusal !== undefined) throw refusal;
  return rows(values, settingsOf(values, false), "");
}

function rows(given: FlagValues, settings: Settings, path: string): readonly Row[] {
  const values = withNewNames(given);
  return flagTable
    .filter(({ name }) => !notSettings.has(name) && replacementOf(name) === undefined)
    .map((flag) => ({
      name: flag.name,
      value: effective(flag, values, settings),
      ...sourceOf(flag.name, values, path),
    }));
}

function sourceOf(name: string, values: FlagValues, path: string): Pick<Row, "source" | "from"> {
  const source = values.source(name);
  if (source === undefined) return { source: "default", from: undefined };
  // A value may have been given under an old name.
  if (source.startsWith("flag -")) return { source: "flag", from: `-${source.slice("flag ".length)}` };
  if (path === "") return { source: "variable", from: source.startsWith("ETCD_") ? source : variableOf(name) };
  return { source: "file", from: source };
}

function effective(
  { name, kind }: Flag & { readonly name: FlagName },
  values: FlagValues,
  settings: Settings,
): Row["value"] {
  const worked = workedOut(name, settings);
  if (worked !== undefined) return worked;
  switch (kind) {
    case "boolean":
      return values.boolean(name);
    case "count":
    case "uint32":
    case "integer":
      return values.number(name);
    case "duration":
      return formatDuration(values.durationMs(name));
    case "urls":
      return values.urls(name).map(withoutPassword);
    case "list":
      return values.list(name);
    default:
      return withoutPassword(values.text(name));
  }
}

/** The value that the server works out for settings whose default depends on others; undefined for all others. */
function workedOut(name: FlagName, { server, log, keepaliveTimeoutMs, console }: Settings): Row["value"] | undefined {
  switch (name) {
    case "data-dir":
      return server.dataDir;
    case "initial-cluster":
      return server.initialCluster.flatMap((member) => member.peerUrls.map((url) => `${member.name}=${url}`)).join(",");
    case "snapshot-count":
      return server.snapshotCount;
    case "quota-backend-bytes":
      return server.quotaBackendBytes === 0 ? 2 * 1024 ** 3 : server.quotaBackendBytes;
    case "backend-batch-interval":
      return formatDuration(server.backendBatchIntervalMs);
    case "backend-batch-limit":
      return server.backendBatchLimit;
    case "grpc-keepalive-timeout":
      return formatDuration(keepaliveTimeoutMs);
    case "compaction-batch-limit":
      return server.compactionBatchLimit;
    case "compaction-sleep-interval":
      return formatDuration(server.compactionPauseMs);
    case "watch-progress-notify-interval":
      return formatDuration(server.watchProgressIntervalMs);
    case "enable-console":
      return console.at === "loopback" ? "at loopback addresses" : console.at === "everywhere";
    case "log-outputs":
      return log.outputs;
    default:
      return undefined;
  }
}

/** Masks the password that a URL may contain. */
function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^/@:,]*):[^/@,]*@/g, "$1:xxxxx@");
}

function shown(value: Row["value"]): string {
  if (typeof value === "object") return value.join(",");
  return String(value);
}
