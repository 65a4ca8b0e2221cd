import { readFileSync } from "node:fs";
import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { errorText } from "../base/index.js";
import { setFlag } from "./command-line.js";
import type { Flag } from "./flag.js";
import { FlagError } from "./flag-error.js";
import { findFlag, flagTable } from "./flag-table.js";
import { FlagValues } from "./flag-values.js";
import { type Idle, judgeOther, noteOf } from "./idle-settings.js";
import type { Note } from "./note.js";
import { findOtherFlag, forgottenFlags, otherFlags } from "./other-flags.js";

/** Keys of the file whose flags have other names. A key in a group is written `group.key`. */
const renamed: Readonly<Record<string, string>> = {
  "experimental-snapshot-catch-up-entries": "experimental-snapshot-catchup-entries",
  "discovery-config.token": "discovery-token",
  "discovery-config.client.endpoints": "discovery-endpoints",
  "discovery-config.client.dial-timeout": "discovery-dial-timeout",
  "discovery-config.client.request-timeout": "discovery-request-timeout",
  "discovery-config.client.keepalive-time": "discovery-keepalive-time",
  "discovery-config.client.keepalive-timeout": "discovery-keepalive-timeout",
  "discovery-config.client.secure.insecure-transport": "discovery-insecure-transport",
  "discovery-config.client.secure.insecure-skip-tls-verify": "discovery-insecure-skip-tls-verify",
  "discovery-config.client.secure.cert": "discovery-cert",
  "discovery-config.client.secure.key": "discovery-key",
  "discovery-config.client.secure.cacert": "discovery-cacert",
  "discovery-config.client.auth.username": "discovery-user",
  "discovery-config.client.auth.password": "discovery-password",
  "socket-options.reuse-port": "socket-reuse-port",
  "socket-options.reuse-address": "socket-reuse-address",
  "client-transport-security.cert-file": "cert-file",
  "client-transport-security.key-file": "key-file",
  "client-transport-security.client-cert-file": "client-cert-file",
  "client-transport-security.client-key-file": "client-key-file",
  "client-transport-security.client-cert-auth": "client-cert-auth",
  "client-transport-security.trusted-ca-file": "trusted-ca-file",
  "client-transport-security.auto-tls": "auto-tls",
  "client-transport-security.allowed-hostname": "client-cert-allowed-hostname",
  "peer-transport-security.cert-file": "peer-cert-file",
  "peer-transport-security.key-file": "peer-key-file",
  "peer-transport-security.client-cert-file": "peer-client-cert-file",
  "peer-transport-security.client-key-file": "peer-client-key-file",
  "peer-transport-security.client-cert-auth": "peer-client-cert-auth",
  "peer-transport-security.trusted-ca-file": "peer-trusted-ca-file",
  "peer-transport-security.auto-tls": "peer-auto-tls",
  "peer-transport-security.allowed-cn": "peer-cert-allowed-cn",
  "peer-transport-security.allowed-hostname": "peer-cert-allowed-hostname",
};

/** Keys whose value is a list on the command line and one string, separated by commas, in the file. */
const stringLists = new Set(["cors", "host-whitelist"]);

/** The keys whose value is a map of further keys, from the outermost on: `a`, `a.b`. */
const groups = new Set(
  Object.keys(renamed).flatMap((key) => {
    const parts = key.split(".");
    return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("."));
  }),
);

/** Flags whose names are no keys of the file: they either make no sense there or are keys of a group. */
const commandLineOnly = new Set([
  ...["config-file", "version"],
  ...Object.entries(renamed).flatMap(([key, name]) => (/transport-security|discovery-config/.test(key) ? [name] : [])),
]);

/** A mistake in a configuration file that keeps a member from starting. */
export interface FileFault {
  /** The key as written in the file, `group.key` within a group; undefined when the mistake concerns the whole file. */
  readonly key: string | undefined;
  readonly error: FlagError;
}

/** The contents of a configuration file. */
export interface ConfigFile {
  readonly values: FlagValues;
  readonly notes: readonly Note[];
  /** In the order of the file. */
  readonly faults: readonly FileFault[];
  /** Keys that etcd does not know. As etcd does, a member ignores them. */
  readonly unknown: readonly string[];
  /** Keys that occur more than once. The last occurrence counts. */
  readonly twice: readonly string[];
  /** The line of each key, from 1. */
  readonly lines: ReadonlyMap<string, number>;
}

/**
 * Reads a `--config-file`: YAML 1.1 or JSON, keys named as the flags and in any case. As in etcd, a key without a
 * value counts as absent, an empty value means the default, the last of two equal keys wins, an unknown key is ignored
 * with a warning, and a value must have the type of its key: numbers are not quoted, and a duration is a number of
 * nanoseconds.
 *
 * @throws FlagError when the file cannot be read or a value cannot be used
 */
export function readConfigFile(path: string): Pick<ConfigFile, "values" | "notes"> {
  const file = examineConfigFile(path);
  const [first] = file.faults;
  if (first !== undefined) throw first.error;
  return file;
}

/**
 * As `readConfigFile`, but collects all faults instead of throwing the first.
 *
 * @throws FlagError when the file cannot be read or is neither YAML nor JSON
 */
export function examineConfigFile(path: string): ConfigFile {
  const values = new FlagValues();
  const notes: Note[] = [];
  const faults: FileFault[] = [];
  const unknown: string[] = [];
  const { document, lines, twice } = parseFile(path);
  for (const [key, value] of entriesOf(document.toJS() ?? {}, "")) {
    const name = renamed[key] ?? (commandLineOnly.has(key) ? undefined : key);
    const other = name === undefined ? undefined : findOtherFlag(name);
    const known = name !== undefined && (findFlag(name) ?? other) !== undefined;
    if (name === undefined || !known || other?.ofAnotherVersion || forgottenFlags.includes(name)) {
      unknown.push(key);
      notes.push({ level: "warn", message: "unknown key in configuration file", fields: { path, key } });
      continue;
    }
    try {
      const idle = take(values, name, key, value, path);
      if (idle !== undefined) notes.push(noteOf(idle));
    } catch (error) {
      if (!(error instanceof FlagError)) throw error;
      faults.push({ key, error });
    }
  }
  return { values, notes, faults, unknown, twice, lines };
}

/**
 * Puts one value of the file into `values`.
 *
 * @returns the setting, when this server accepts it but it has no effect
 * @throws FlagError when the value cannot be used
 */
function take(values: FlagValues, name: string, key: string, value: unknown, path: string): Idle | undefined {
  const text = textOf(key, findFlag(name), value);
  // An empty value means the default, even for flags that refuse an empty value on the command line.
  if (text === "") return undefined;
  const judged = judgeOther(name, text, `${key} in ${path}`);
  if (judged instanceof FlagError) throw judged;
  const source = `${key} in ${path}`;
  if (findOtherFlag(name) === undefined) setFlag(values, name, text, source);
  else values.set(name, text, source);
  return judged;
}

/** All keys that a file may have, to suggest one for a key that is misspelled. */
export function configKeys(): readonly string[] {
  const plain = [...flagTable, ...otherFlags].map(({ name }) => name).filter((name) => !commandLineOnly.has(name));
  return [...plain, ...Object.keys(renamed), ...groups];
}

interface ParsedFile extends Pick<ConfigFile, "lines" | "twice"> {
  readonly document: Document;
}

function parseFile(path: string): ParsedFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FlagError(`cannot read the configuration file: ${errorText(error)}`);
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { version: "1.1", uniqueKeys: false, logLevel: "error", lineCounter });
  const [error] = document.errors;
  if (error !== undefined) {
    // A colon follows, and then the lines around the mistake.
    const [reason = ""] = error.message.split("\n");
    throw new FlagError(`${path} is neither YAML nor JSON: ${reason.replace(/:$/, "")}`);
  }
  const lines = new Map<string, number>();
  const twice: string[] = [];
  const visit = (node: unknown, prefix: string): void => {
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const name = `${prefix}${String(key.value).toLowerCase()}`;
      if (lines.has(name)) twice.push(name);
      lines.set(name, lineCounter.linePos(key.range?.[0] ?? 0).line);
      if (groups.has(name)) visit(value, `${name}.`);
    }
  };
  visit(document.contents, "");
  return { document, lines, twice };
}

/** The keys of the file that have a value, with that value. Keys of a group are written `group.key`. */
function entriesOf(file: unknown, group: string): readonly (readonly [string, unknown])[] {
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    const where = group === "" ? "the configuration file" : group;
    throw new FlagError(`expected keys and values in ${where}`);
  }
  const entries: (readonly [string, unknown])[] = [];
  for (const [key, value] of Object.entries(file)) {
    if (value === null || value === undefined) continue;
    const lower = group === "" ? key.toLowerCase() : `${group}.${key.toLowerCase()}`;
    if (groups.has(lower)) entries.push(...entriesOf(value, lower));
    else entries.push([lower, value]);
  }
  return entries;
}

/** A value of the file, written as its flag is written on the command line. */
function textOf(key: string, flag: Flag | undefined, value: unknown): string {
  switch (flag?.kind) {
    case "boolean":
      if (typeof value === "boolean") return String(value);
      throw new FlagError(`${key}: expected true or false, without quotes`);
    case "count":
    case "uint32":
    case "integer":
      if (typeof value === "number" && Number.isInteger(value)) return String(value);
      throw new FlagError(`${key}: expected a whole number, without quotes`);
    case "duration":
      if (typeof value === "number" && Number.isInteger(value)) return `${value}ns`;
      throw new FlagError(`${key}: expected a duration as a whole number of nanoseconds`);
    case "list":
      if (typeof value === "string" && stringLists.has(key)) return value;
      if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(",");
      throw new FlagError(`${key}: expected a list of strings`);
    case undefined:
      return Array.isArray(value) ? value.join(",") : String(value);
    case "choice":
      // YAML reads `api-level: 3.7` as a number.
      if (typeof value === "number" && flag.choices?.includes(String(value))) return String(value);
      return stringOf(key, value);
    default:
      return stringOf(key, value);
  }
}

function stringOf(key: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new FlagError(`${key}: expected a string, in quotes if it looks like something else`);
}
