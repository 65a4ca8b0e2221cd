import type { Flag, FlagGroup } from "./flag.js";
import { flagTable } from "./flag-table.js";
import { type OtherFlag, otherFlags } from "./other-flags.js";
import { replacementOf } from "./renamed-flags.js";

export const usage = `Usage:

  etcd [flags]
    Start a member.

  etcd --config-file FILE
    Start a member with the settings of a file; flags and variables are then ignored.

  etcd config print | check FILE
    Print all settings and where they come from, or list all mistakes in a file.

  etcd gateway start --help
    Explain how to forward TCP connections to members.

  etcd grpc-proxy start --help
    Explain how to serve clients with shared watchers, cached reads and few connections to members.

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
  "Features",
  "Unsafe",
];

/** The text of `--help`: all flags by group, with their defaults. */
export function helpText(): string {
  const sections = groups.map((group) => {
    const flags = flagTable.filter((flag: Flag) => flag.group === group);
    const lines = flags.map((flag) => `  --${flag.name} '${flag.initial}'\n    ${sentence(flag.help)}\n`);
    return `${group}:\n${lines.join("")}`;
  });
  const reasons = (wanted: (flag: OtherFlag) => boolean): string =>
    otherFlags
      .filter(wanted)
      .map(({ name, meaning }) => `  --${name}\n    ${sentence(meaning)}\n`)
      .join("");
  const old = flagTable.flatMap(({ name }): readonly string[] => {
    const now = replacementOf(name);
    return now === undefined ? [] : [`  --${name}\n    --${now}\n`];
  });
  return [
    `${usage}\n${sections.join("\n")}`,
    `Old names of flags, which are accepted with a warning:\n${old.join("")}`,
    `Flags of etcd that are accepted with a warning and have no effect:\n${reasons((flag) => !flag.refused)}`,
    `Flags of etcd that are refused:\n${reasons((flag) => flag.refused)}`,
  ].join("\n");
}

function sentence(help: string): string {
  return `${help[0]?.toUpperCase()}${help.slice(1)}.`;
}
