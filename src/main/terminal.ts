import type { Settings } from "./settings.js";
import { versionLine } from "./versions.js";

/** The lines that greet a person at the terminal when a member has started. */
export function banner(settings: Settings, memberId: bigint, clusterId: bigint, clientUrls: readonly string[]): string {
  const endpoints = clientUrls.join(",");
  const lines = [
    versionLine,
    `  member   ${settings.server.name} (${memberId.toString(16)}) of cluster ${clusterId.toString(16)}`,
    `  clients  ${clientUrls.join(", ")}`,
    `  peers    ${settings.listenPeers.map((listen) => listen.url).join(", ")}`,
    `  data     ${settings.server.dataDir ?? "in memory"}`,
    `  try      etcdctl --endpoints=${endpoints} put hello world`,
  ];
  return `${lines.join("\n")}\n`;
}
