import type { Settings } from "./settings.js";
import { versionLine } from "./versions.js";

/** One log line for people: `14:03:09 WARN  message  key=value`. */
export function terminalLine(level: string, message: string, fields: Record<string, unknown>, at: Date): string {
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${shown(value)}`);
  return `${at.toTimeString().slice(0, 8)} ${level.toUpperCase().padEnd(5)} ${message}${rest.join("")}\n`;
}

/** One log line of `--log-format console`: time, level, message and fields (as JSON) between tabs. */
export function consoleLine(level: string, message: string, fields: Record<string, unknown>, at: Date): string {
  const parts = [at.toISOString(), level, message];
  if (Object.keys(fields).length > 0) parts.push(JSON.stringify(fields));
  return `${parts.join("\t")}\n`;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}

/** What a person wants to know of a member that has just started. */
export function banner(settings: Settings, memberId: bigint, clusterId: bigint, clientUrls: readonly string[]): string {
  const endpoints = clientUrls.join(",");
  const lines = [
    versionLine,
    `  member   ${settings.server.name} (${memberId.toString(16)}) of cluster ${clusterId.toString(16)}`,
    `  clients  ${clientUrls.join(", ")}`,
    `  peers    ${settings.listenPeers.map((listen) => listen.url).join(", ")}`,
    `  data     ${settings.server.dataDir}`,
    `  try      etcdctl --endpoints=${endpoints} put hello world`,
  ];
  return `${lines.join("\n")}\n`;
}
