import { bytesOf, type FlagSpec, printLine } from "../../cli/index.js";

/** Prints the flags that every command has, with their defaults. */
export async function options(flags: readonly FlagSpec[]): Promise<void> {
  const rows = flags.map((flag): readonly [string, string] => [nameOf(flag), purposeOf(flag)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  printLine("The following options can be passed to any command:\n");
  for (const [name, purpose] of rows) printLine(bytesOf(`${name.padEnd(width)}   ${purpose}`));
}

function nameOf({ name, short, kind }: FlagSpec): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  return `  ${letter}--${name}${kind === "bool" ? "" : ` ${kind}`}`;
}

function purposeOf({ help, usual = "", kind }: FlagSpec): string {
  const shown = kind === "string" ? JSON.stringify(usual) : kind === "strings" ? `[${usual}]` : usual;
  return usual === "" ? help : `${help} (default ${shown})`;
}
