import type { Bytes } from "./go-text.js";
import { around } from "./surroundings.js";

/** All of standard input, to its end. */
export async function allOfInput(): Promise<Bytes> {
  const chunks: Buffer[] = [];
  for await (const chunk of around.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("latin1");
}

/** Lines of standard input as they come, without their ends; what follows the last end of line is no line. */
export async function* linesOfInput(): AsyncGenerator<Bytes, void> {
  let rest = "";
  for await (const chunk of around.stdin) {
    const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/**
 * The first word of standard input, as soon as its line has come: nobody at a terminal ends the input after it. Empty
 * when the line has none.
 */
export async function wordOfInput(): Promise<Bytes> {
  let read = "";
  for await (const chunk of around.stdin) {
    read += Buffer.from(chunk).toString("latin1");
    if (/^[^\n\S]*(\n|\S+\s)/.test(read)) break;
  }
  return /^[^\n\S]*(\S*)/.exec(read)?.[1] ?? "";
}

/** One reader for all questions, since what it has read ahead would be lost with it. */
const readers = new WeakMap<object, AsyncGenerator<Bytes, void>>();

/** The next line of standard input, for commands that ask several questions; empty at its end. */
export async function lineOfInput(): Promise<Bytes> {
  const { stdin } = around;
  const reader = readers.get(stdin) ?? linesOfInput();
  readers.set(stdin, reader);
  const next = await reader.next();
  return next.done === true ? "" : next.value;
}
