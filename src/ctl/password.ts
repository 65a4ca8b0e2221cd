import { around, type Bytes, bytesOf, Failure, print } from "../cli/index.js";
import { lineOfInput } from "./input.js";

/**
 * Asks for a password: on a terminal, without echo; otherwise it is the next line of standard input.
 *
 * @param code the exit code when the user interrupts the question
 * @throws Failure
 */
export async function askPassword(prompt: Bytes, code: number): Promise<Bytes> {
  const terminal = around.stdin.isTTY === true;
  // Turn echo off before printing the prompt, so that keys typed at once are not shown.
  if (terminal) process.stdin.setRawMode(true);
  print(prompt);
  try {
    if (!terminal) return await lineOfInput();
    const typed = await typedLine(process.stdin);
    if (typed === undefined) throw new Failure(code, "interrupted");
    return bytesOf(typed);
  } finally {
    print("\n");
  }
}

/** Reads one line of key presses; undefined when the user presses Ctrl-C or Ctrl-D. */
async function typedLine(stdin: NodeJS.ReadStream): Promise<string | undefined> {
  keys ??= new Keys(stdin);
  let typed = "";
  try {
    for (;;) {
      const key = await keys.next();
      if (key === "\r" || key === "\n") return typed;
      if (key === "\u0003" || key === "\u0004") return undefined;
      if (key === "\u007f" || key === "\b") typed = [...typed].slice(0, -1).join("");
      else typed += key;
    }
  } finally {
    stdin.setRawMode(false);
  }
}

/** One listener for all questions, so that two answers pasted at once are both read. */
let keys: Keys | undefined;

class Keys {
  /** Key presses that no question has read yet. */
  readonly #pressed: string[] = [];
  #wake: () => void = () => undefined;

  constructor(stdin: NodeJS.ReadStream) {
    stdin.on("data", (chunk: Buffer) => {
      this.#pressed.push(...chunk.toString("utf8"));
      this.#wake();
    });
  }

  async next(): Promise<string> {
    for (;;) {
      const key = this.#pressed.shift();
      if (key !== undefined) return key;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
