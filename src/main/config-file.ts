import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { refusalOf, setFlag } from "./command-line.js";
import type { Note } from "./environment.js";
import { FlagError } from "./flag-error.js";
import { type Flag, findFlag } from "./flag-table.js";
import { FlagValues } from "./flag-values.js";
import { findOtherFlag, forgottenFlags } from "./other-flags.js";

/** Keys of the file that are named otherwise on the command line, and the groups that flags there have no name for. */
const renamed: Readonly<Record<string, string>> = {
  "experimental-snapshot-catch-up-entries": "experimental-snapshot-catchup-entries",
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

const groups = new Set(Object.keys(renamed).flatMap((key) => (key.includes(".") ? [key.split(".")[0]] : [])));

/** Only on the command line. */
const commandLineOnly = new Set(["config-file", "version", "experimental-snapshot-catchup-entries"]);

/**
 * Reads a `--config-file`: YAML 1.1 or JSON, keys named as the flags and in any case. As in etcd, a key without a value
 * counts as absent, the last of two wins, a key that etcd does not know is passed over (and noted), and a value must
 * have the type of its key: numbers are not quoted, a duration is a number of nanoseconds.
 *
 * @throws FlagError when the file cannot be read or a value cannot be used
 */
export function readConfigFile(path: string): { readonly values: FlagValues; readonly notes: readonly Note[] } {
  const values = new FlagValues();
  const notes: Note[] = [];
  for (const [key, value] of entriesOf(parseFile(path))) {
    const name = renamed[key] ?? (commandLineOnly.has(key) ? undefined : key);
    const known = name !== undefined && (findFlag(name) ?? findOtherFlag(name)) !== undefined;
    if (name === undefined || !known || forgottenFlags.includes(name)) {
      notes.push({ level: "warn", message: "unknown key in configuration file", fields: { path, key } });
      continue;
    }
    const text = textOf(key, findFlag(name), value);
    // An empty string means the default; the flag would refuse it.
    if (text === "" && findFlag(name)?.kind === "choice") continue;
    const refusal = refusalOf(name, text);
    if (refusal !== undefined) throw refusal;
    if (findOtherFlag(name) === undefined) setFlag(values, name, text, `${key} in ${path}`);
  }
  return { values, notes };
}

function parseFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FlagError(`cannot read the configuration file: ${messageOf(error)}`);
  }
  try {
    return parse(text, { version: "1.1", uniqueKeys: false, logLevel: "error" }) ?? {};
  } catch (error) {
    throw new FlagError(`${path} is neither YAML nor JSON: ${messageOf(error).split("\n")[0]}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The keys and values of the file, those of a group under `group.key`, without those that have no value. */
function entriesOf(file: unknown): readonly (readonly [string, unknown])[] {
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    throw new FlagError("expected keys and values in the configuration file");
  }
  const entries: (readonly [string, unknown])[] = [];
  for (const [key, value] of Object.entries(file)) {
    if (value === null || value === undefined) continue;
    const lower = key.toLowerCase();
    if (!groups.has(lower)) entries.push([lower, value]);
    else for (const [inner, innerValue] of entriesOf(value)) entries.push([`${lower}.${inner}`, innerValue]);
  }
  return entries;
}

/** A value of the file as its flag would have it on the command line. */
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
      if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(",");
      throw new FlagError(`${key}: expected a list of strings`);
    case undefined:
      return Array.isArray(value) ? value.join(",") : String(value);
    default:
      if (typeof value === "string") return value;
      throw new FlagError(`${key}: expected a string, in quotes if it looks like something else`);
  }
}
