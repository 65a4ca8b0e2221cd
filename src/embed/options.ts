import { type Logger, nearest } from "../base/index.js";
import { FlagError, type FlagName, FlagValues, findFlag, flagTable, setFlag } from "../main/index.js";
import type { EtcdSettings } from "./settings.js";
import { StartError } from "./start-error.js";

/** Options of `startEtcd`. All of them may be left out. */
export interface EtcdOptions extends EtcdSettings {
  /**
   * Directory of the data. Without it everything is kept in memory, nothing is written to the disk, and the data ends
   * with the member.
   * @defaultValue none
   */
  readonly dataDir?: string | undefined;
  /**
   * URL to listen on for clients, and to advertise. Port 0 stands for a free one. `listenClientUrls` and
   * `advertiseClientUrls` set both apart.
   * @defaultValue http://127.0.0.1:0
   */
  readonly clientUrl?: string | undefined;
  /**
   * Whether the member opens ports. Without them only clients of `Etcd.client` reach it.
   * @defaultValue true
   */
  readonly listen?: boolean | undefined;
  /**
   * Receives the member's log lines.
   * @defaultValue none; the lines are dropped
   */
  readonly logger?: Logger | undefined;
}

/**
 * Flags that only the command has, beside those of its log and old names. `memory` is meant where `dataDir` is
 * missing, and a member inside another program runs on the loop of that program.
 */
const commandFlags: ReadonlySet<string> = new Set<FlagName>(["config-file", "version", "memory", "threads", "port"]);
const ownOptions = new Set(["clientUrl", "listen", "logger"]);

const flagOf = new Map(
  flagTable
    .filter(({ name, group }) => !commandFlags.has(name) && group !== "Logging" && group !== "Old names")
    .map(({ name }) => [settingOf(name), name] as const),
);

/** The name of a flag's setting: `maxTxnOps` for `max-txn-ops`. */
export function settingOf(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The flags that the options stand for.
 *
 * @throws StartError when an option is unknown or its value is not of its kind
 */
export function flagsOf(options: EtcdOptions): FlagValues {
  const flags = new FlagValues();
  const set = (name: FlagName, setting: string, value: unknown): void => setOne(flags, name, setting, value);
  for (const [setting, value] of Object.entries(options)) {
    if (value === undefined || ownOptions.has(setting)) continue;
    const name = flagOf.get(setting);
    if (name === undefined) throw new StartError(`unknown setting ${setting}${suggestion(setting)}`, setting);
    set(name, setting, value);
  }
  const { clientUrl, dataDir, listen } = options;
  if (listen === false) refuseUrls(options);
  if (dataDir === undefined) flags.set("memory", "true");
  if (!flags.given("listen-client-urls")) {
    set("listen-client-urls", "clientUrl", clientUrl ?? (listen === false ? "" : "http://127.0.0.1:0"));
  } else if (clientUrl !== undefined) {
    throw new StartError("clientUrl and listenClientUrls are both set; give one of them", "clientUrl");
  }
  if (!flags.given("advertise-client-urls")) {
    flags.set("advertise-client-urls", flags.text("listen-client-urls"), "setting clientUrl");
  }
  // A program decides by itself whether its port shows people what is in the store.
  if (!flags.given("enable-console")) flags.set("enable-console", "false");
  // A member of its own needs no port for others.
  if (!flags.given("listen-peer-urls") && !flags.given("initial-cluster")) flags.set("listen-peer-urls", "");
  return flags;
}

/** Refuses addresses for a member that does not listen. */
function refuseUrls(options: EtcdOptions): void {
  const urls = [
    "clientUrl",
    "listenClientUrls",
    "listenClientHttpUrls",
    "listenPeerUrls",
    "listenMetricsUrls",
    "listenConsoleUrls",
  ] as const;
  const given = urls.find((setting) => (options[setting] ?? "").length > 0);
  if (given !== undefined) throw new StartError(`${given} has no use with listen: false, which opens no port`, given);
}

function setOne(flags: FlagValues, name: FlagName, setting: string, value: unknown): void {
  const text = textOf(value);
  const kind = findFlag(name)?.kind;
  const fits =
    kind === "string" || kind === "choice" || kind === "gates" ? typeof value === "string" : text !== undefined;
  if (!fits || text === undefined) {
    throw new StartError(`invalid value of type ${typeName(value)} for setting ${setting}`, setting);
  }
  // Flags take Go's durations; a number is one of milliseconds here.
  const written = kind === "duration" && typeof value === "number" ? `${value}ms` : text;
  try {
    setFlag(flags, name, written, `setting ${setting}`);
  } catch (error) {
    if (error instanceof FlagError) throw new StartError(error.message, setting);
    throw error;
  }
}

/** The value as it would be written on a command line; undefined for values that no setting has. */
function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.every((part) => typeof part === "string") ? value.join(",") : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function suggestion(setting: string): string {
  const near = nearest(setting, [...flagOf.keys(), ...ownOptions]);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}
