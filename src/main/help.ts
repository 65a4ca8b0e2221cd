import { type Flag, type FlagGroup, flagTable } from "./flag-table.js";
import { otherFlags } from "./other-flags.js";

export const usage = `Usage:

  etcd [flags]
    Start a member.

  etcd --config-file FILE
    Start a member with the settings of a file; flags and variables are then ignored.

  etcd config print | check FILE
    Print every setting and where it comes from, or look for every mistake in a file.

  etcd --version
    Print the version.

  etcd -h | --help
    Print this help.

A flag --foo-bar may also be given as the variable ETCD_FOO_BAR, but not both.
`;

const groups: readonly FlagGroup[] = [
  "Member",
  "Clustering",
  "Security",
  "Auth",
  "Monitoring",
  "Logging",
  "Experimental",
  "Unsafe",
];

/** All flags by group, with their defaults. */
export function helpText(): string {
  const sections = groups.map((group) => {
    const flags = flagTable.filter((flag: Flag) => flag.group === group);
    const lines = flags.map((flag) => `  --${flag.name} '${flag.initial}'\n    ${sentence(flag.help)}\n`);
    return `${group}:\n${lines.join("")}`;
  });
  return `${usage}\n${sections.join("\n")}\nFlags of etcd that are not supported yet:\n${columns()}`;
}

function sentence(help: string): string {
  return `${help[0]?.toUpperCase()}${help.slice(1)}.`;
}

/** The other flags' names, wrapped at 100 columns. */
function columns(): string {
  const lines = [" "];
  for (const { name } of otherFlags) {
    const line = lines.at(-1) ?? "";
    if (line.length + name.length > 98) lines.push(`  ${name}`);
    else lines[lines.length - 1] = `${line} ${name}`;
  }
  return `${lines.join("\n")}\n`;
}
