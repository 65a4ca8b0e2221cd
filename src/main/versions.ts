import { readFileSync } from "node:fs";
import { apiVersion } from "../base/index.js";

/** Our own version, which only package.json knows. */
const ownVersion = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) return "unknown";
  return String(manifest.version);
};

export const versionLine = `etcd-ts ${ownVersion()}, compatible with etcd ${apiVersion}`;

/** What `--version` prints; scripts look for the line that etcd begins with. */
export function versionText(): string {
  return [
    `etcd Version: ${apiVersion}`,
    `etcd-ts Version: ${ownVersion()}`,
    `Node.js Version: ${process.version}`,
    `Node.js OS/Arch: ${process.platform}/${process.arch}`,
    "",
  ].join("\n");
}
