import type { RunningMember } from "./member.js";
import type { Settings } from "./settings.js";
import { versionLine } from "./versions.js";

/** The lines that greet a person at the terminal when a member has started. */
export function banner(
  settings: Settings,
  memberId: bigint,
  clusterId: bigint,
  { clientUrls, consoleUrls }: Pick<RunningMember, "clientUrls" | "consoleUrls">,
): string {
  const [console] = consoleUrls;
  const endpoints = clientUrls.join(",");
  const lines = [
    versionLine,
    `  member   ${settings.server.name} (${memberId.toString(16)}) of cluster ${clusterId.toString(16)}`,
    `  clients  ${clientUrls.join(", ")}`,
    `  peers    ${settings.listenPeers.map((listen) => listen.url).join(", ")}`,
    ...(console === undefined ? [] : [`  console  ${reachable(console)}`]),
    `  data     ${settings.server.dataDir ?? "in memory"}`,
    `  try      etcdctl --endpoints=${endpoints} put hello world`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The URL with this machine's name in the place of an address that stands for all addresses. */
function reachable(url: string): string {
  return url.replace(/:\/\/(0\.0\.0\.0|\[::\])(?=[:/])/, "://localhost");
}
