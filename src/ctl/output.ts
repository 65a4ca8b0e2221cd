import type { Bytes } from "./go-text.js";
import { around } from "./surroundings.js";

/** Prints bytes as they are. A pipe takes them when its reader does: `printed` waits for that. */
export function print(text: Bytes): void {
  around.stdout.write(Buffer.from(text, "latin1"));
}

export function printLine(text: Bytes): void {
  print(`${text}\n`);
}

export function complain(text: Bytes): void {
  around.stderr.write(Buffer.from(`${text}\n`, "latin1"));
}

/** Resolves when all that was printed is on its way to whoever reads it; until then the process must not end. */
export async function printed(): Promise<void> {
  for (const stream of [around.stdout, around.stderr]) {
    await new Promise<void>((resolve) => stream.write("", () => resolve()));
  }
}

/** Resolves when the reader has caught up far enough for more. */
export async function readable(): Promise<void> {
  if (around.stdout.writableNeedDrain === true) await printed();
}

/** Whether people look at standard output, and so may be given what scripts would stumble over. */
export function onTerminal(): boolean {
  return around.stdout.isTTY === true;
}

/** Whether the terminal may be painted: never when piped, nor against `NO_COLOR`. */
export function mayPaint(): boolean {
  return onTerminal() && (around.env.NO_COLOR ?? "") === "" && around.env.TERM !== "dumb";
}

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;

export function paint(style: keyof typeof styles, text: string): string {
  return mayPaint() ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
}
