import { Command, Help, Option } from "commander";
import type { CommandSpec } from "./command-spec.js";
import { inheritedBy } from "./find-command.js";
import type { FlagSpec } from "./flag-set.js";
import { type Bytes, bytesOf } from "./go-text.js";
import { paint } from "./output.js";
import { around } from "./surroundings.js";

/** The widest column of flags and commands. A longer one has its description on the next line. */
const termWidthMax = 36;

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
  const layout = new Help();
  /** The left column of the list of commands. */
  const terms = new Map<Command, string>();
  command.configureHelp({
    commandUsage: () => `${name} ${usageOf(spec)}`.trim(),
    padWidth: (of, help) => Math.min(layout.padWidth(of, help), termWidthMax),
    formatItem,
    helpWidth: Math.min(around.stdout.columns ?? 100, 110),
    sortSubcommands: false,
    showGlobalOptions: false,
    styleTitle: (text) => paint("bold", text),
    styleCommandText: (text) => paint("cyan", text),
    styleSubcommandText: (text) => paint("cyan", text),
    styleOptionText: (text) => paint("green", text),
    subcommandTerm: (child) => terms.get(child) ?? child.name(),
  });
  for (const flag of spec.flags ?? []) command.addOption(optionOf(flag).helpGroup("Flags:"));
  const everywhere = [...inheritedBy(path), ...(spec.inherited ?? [])];
  for (const flag of everywhere) command.addOption(optionOf(flag).helpGroup("Flags of every command:"));
  for (const child of spec.subcommands ?? []) {
    const entry = new Command(child.name).description(child.summary);
    terms.set(entry, `${child.name} ${usageOf(child)}`.trim());
    command.addCommand(entry.helpGroup(`${child.group ?? "Commands"}:`));
  }
  command.helpCommand(false);
  const end = epilogue(spec, path[0]?.name ?? "", path.length === 1 ? footer : undefined);
  return bytesOf(command.helpInformation() + end);
}

function formatItem(this: Help, term: string, width: number, description: string, help: Help): string {
  const text = Help.prototype.formatItem.call(this, term, width, description, help);
  // The description of a term that is too wide begins where those of other terms do.
  return help.displayWidth(term) <= width
    ? text
    : `  ${term}\n${Help.prototype.formatItem.call(this, "", width, description, help)}`;
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
