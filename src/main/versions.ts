import { readFileSync } from "node:fs";
import { type ApiLevel, apiLevels, apiVersion, assert, defaultApiLevel } from "../base/index.js";
import type { FlagValues } from "./flag-values.js";

/** The version of this package, from package.json. */
const ownVersion = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) return "unknown";
  return String(manifest.version);
};

export const versionLine = `etcd-ts ${ownVersion()}, compatible with etcd ${apiVersion(defaultApiLevel)}`;

/** The level that `--api-level` names. */
export function apiLevelOf(flags: FlagValues): ApiLevel {
  const level = apiLevels.find((known) => known === flags.text("api-level"));
  assert(level !== undefined, "the choices of a flag are checked when it is set");
  return level;
}

/** The text of `--version`. Scripts look for its first line, which is the same as etcd's. */
export function versionText(level: ApiLevel): string {
  return [
    `etcd Version: ${apiVersion(level)}`,
    `etcd-ts Version: ${ownVersion()}`,
    `Node.js Version: ${process.version}`,
    `Node.js OS/Arch: ${process.platform}/${process.arch}`,
    "",
  ].join("\n");
}
