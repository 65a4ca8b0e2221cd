import type { Bytes } from "./go-text.js";
import { around } from "./surroundings.js";

/** Prints bytes without changes. A pipe may take them later: await `printed` before the process exits. */
export function print(text: Bytes): void {
  around.stdout.write(Buffer.from(text, "latin1"));
}

export function printLine(text: Bytes): void {
  print(`${text}\n`);
}

export function complain(text: Bytes): void {
  around.stderr.write(Buffer.from(`${text}\n`, "latin1"));
}

/** Resolves when all output has been written. The process must not exit before. */
export async function printed(): Promise<void> {
  for (const stream of [around.stdout, around.stderr]) {
    await new Promise<void>((resolve) => stream.write("", () => resolve()));
  }
}

/** Resolves when the output's buffer has room again. */
export async function readable(): Promise<void> {
  if (around.stdout.writableNeedDrain === true) await printed();
}

/** Whether standard output is a terminal, so that output meant for people may be added. */
export function onTerminal(): boolean {
  return around.stdout.isTTY === true;
}

/** Whether to use colours: not when the output is piped, and not when `NO_COLOR` is set. */
export function mayPaint(): boolean {
  return onTerminal() && (around.env.NO_COLOR ?? "") === "" && around.env.TERM !== "dumb";
}

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;

export function paint(style: keyof typeof styles, text: string): string {
  return mayPaint() ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
}
