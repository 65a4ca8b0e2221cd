import type { Flag, FlagGroup } from "./flag.js";
import { flagTable } from "./flag-table.js";
import { type OtherFlag, otherFlags } from "./other-flags.js";

export const usage = `Usage:

  etcd [flags]
    Start a member.

  etcd --config-file FILE
    Start a member with the settings of a file; flags and variables are then ignored.

  etcd config print | check FILE
    Print all settings and where they come from, or list all mistakes in a file.

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

/** The text of `--help`: all flags by group, with their defaults. */
export function helpText(): string {
  const sections = groups.map((group) => {
    const flags = flagTable.filter((flag: Flag) => flag.group === group);
    const lines = flags.map((flag) => `  --${flag.name} '${flag.initial}'\n    ${sentence(flag.help)}\n`);
    return `${group}:\n${lines.join("")}`;
  });
  const names = (wanted: (flag: OtherFlag) => boolean): string => columns(otherFlags.filter(wanted));
  return [
    `${usage}\n${sections.join("\n")}`,
    `Flags of etcd that are accepted with a warning and have no effect:\n${names((flag) => !!flag.meaning)}`,
    `Flags of etcd that are not supported yet:\n${names((flag) => !flag.meaning)}`,
  ].join("\n");
}

function sentence(help: string): string {
  return `${help[0]?.toUpperCase()}${help.slice(1)}.`;
}

/** The names of flags, wrapped at 100 columns. */
function columns(flags: readonly OtherFlag[]): string {
  const lines = [" "];
  for (const { name } of flags) {
    const line = lines.at(-1) ?? "";
    if (line.length + name.length > 98) lines.push(`  ${name}`);
    else lines[lines.length - 1] = `${line} ${name}`;
  }
  return `${lines.join("\n")}\n`;
}
