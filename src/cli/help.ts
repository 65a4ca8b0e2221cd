import { Command, type Help, Option } from "commander";
import type { CommandSpec } from "./command-spec.js";
import { inheritedBy } from "./find-command.js";
import type { FlagSpec } from "./flag-set.js";
import { type Bytes, bytesOf } from "./go-text.js";
import { paint } from "./output.js";
import { around } from "./surroundings.js";

/**
 * The help of a command. The text comes from the table of commands, and commander lays it out.
 *
 * @param footer the last line of the program's own help
 */
export function helpOf(path: readonly CommandSpec[], footer: string): Bytes {
  const spec = path.at(-1);
  if (spec === undefined) return "";
  const name = path.map((command) => command.name).join(" ");
  const command = new Command(name).description(spec.summary).helpOption("-h, --help", "show this");
  command.usage(usageOf(spec));
  command.configureHelp({
    helpWidth: Math.min(around.stdout.columns ?? 100, 110),
    sortSubcommands: false,
    showGlobalOptions: false,
    styleTitle: (text) => paint("bold", text),
    styleCommandText: (text) => paint("cyan", text),
    styleSubcommandText: (text) => paint("cyan", text),
    styleOptionText: (text) => paint("green", text),
    subcommandTerm,
  });
  for (const flag of spec.flags ?? []) command.addOption(optionOf(flag).helpGroup("Flags:"));
  const everywhere = [...inheritedBy(path), ...(spec.inherited ?? [])];
  for (const flag of everywhere) command.addOption(optionOf(flag).helpGroup("Flags of every command:"));
  for (const child of spec.subcommands ?? []) {
    const entry = new Command(child.name).description(child.summary).usage(usageOf(child));
    command.addCommand(entry.helpGroup(`${child.group ?? "Commands"}:`));
  }
  command.helpCommand(false);
  const end = epilogue(spec, path[0]?.name ?? "", path.length === 1 ? footer : undefined);
  return bytesOf(command.helpInformation() + end);
}

function subcommandTerm(this: Help, command: Command): string {
  return `${command.name()} ${command.usage()}`.trim();
}

function usageOf({ usage = "", subcommands, flags = [] }: CommandSpec): string {
  if (subcommands !== undefined) return "<command>";
  return `${flags.length > 0 ? "[flags] " : ""}${usage}`.trim();
}

function optionOf({ name, short, kind, usual, help, values }: FlagSpec): Option {
  const letter = short === undefined ? "" : `-${short}, `;
  const value = kind === "bool" ? "" : ` <${values === undefined ? kind : "choice"}>`;
  const option = new Option(`${letter}--${name}${value}`, help);
  return usual === undefined || usual === "" || usual === "0" ? option : option.default(usual, usual);
}

function epilogue({ details, examples = [] }: CommandSpec, program: string, footer: string | undefined): string {
  const parts = details === undefined ? [] : [details];
  if (examples.length > 0) {
    const lines = examples.map(([line, purpose]) => `  ${paint("cyan", `${program} ${line}`)}\n      ${purpose}`);
    parts.push(`${paint("bold", "Examples:")}\n${lines.join("\n")}`);
  }
  if (footer !== undefined) parts.push(footer);
  return parts.map((part) => `\n${part}\n`).join("");
}
