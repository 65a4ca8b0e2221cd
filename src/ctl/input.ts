import { around, type Bytes } from "../cli/index.js";

/** Reads standard input to its end. */
export async function allOfInput(): Promise<Bytes> {
  const chunks: Buffer[] = [];
  for await (const chunk of around.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("latin1");
}

/** Yields the lines of standard input as they arrive, without newlines. Text after the last newline is ignored. */
export async function* linesOfInput(): AsyncGenerator<Bytes, void> {
  let rest = "";
  for await (const chunk of around.stdin) {
    const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/**
 * The first word of standard input; empty when the first line is blank. It returns after the first line, since people
 * at a terminal do not close their input.
 */
export async function wordOfInput(): Promise<Bytes> {
  let read = "";
  for await (const chunk of around.stdin) {
    read += Buffer.from(chunk).toString("latin1");
    if (/^[^\n\S]*(\n|\S+\s)/.test(read)) break;
  }
  return /^[^\n\S]*(\S*)/.exec(read)?.[1] ?? "";
}

/** One reader for all questions: a second reader would miss the lines that the first has buffered. */
const readers = new WeakMap<object, AsyncGenerator<Bytes, void>>();

/** The next line of standard input, for commands that ask several questions; empty at the end of the input. */
export async function lineOfInput(): Promise<Bytes> {
  const { stdin } = around;
  const reader = readers.get(stdin) ?? linesOfInput();
  readers.set(stdin, reader);
  const next = await reader.next();
  return next.done === true ? "" : next.value;
}
