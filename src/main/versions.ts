import { readFileSync } from "node:fs";
import { apiVersion } from "../base/index.js";

/** The version of this package, from package.json. */
const ownVersion = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) return "unknown";
  return String(manifest.version);
};

export const versionLine = `etcd-ts ${ownVersion()}, compatible with etcd ${apiVersion}`;

/** The text of `--version`. Scripts look for its first line, which is the same as etcd's. */
export function versionText(): string {
  return [
    `etcd Version: ${apiVersion}`,
    `etcd-ts Version: ${ownVersion()}`,
    `Node.js Version: ${process.version}`,
    `Node.js OS/Arch: ${process.platform}/${process.arch}`,
    "",
  ].join("\n");
}
