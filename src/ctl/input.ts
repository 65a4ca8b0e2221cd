import type { Bytes } from "./go-text.js";

/** All of standard input, to its end. */
export async function allOfInput(): Promise<Bytes> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("latin1");
}

/** Lines of standard input as they come, without their ends; what follows the last end of line is no line. */
export async function* linesOfInput(): AsyncGenerator<Bytes, void> {
  let rest = "";
  for await (const chunk of process.stdin) {
    const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** One reader for all questions, since what it has read ahead would be lost with it. */
let lines: AsyncGenerator<Bytes, void> | undefined;

/** The next line of standard input, for commands that ask several questions; empty at its end. */
export async function lineOfInput(): Promise<Bytes> {
  lines ??= linesOfInput();
  const next = await lines.next();
  return next.done === true ? "" : next.value;
}
