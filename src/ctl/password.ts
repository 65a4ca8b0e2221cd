import { Failure } from "./failure.js";
import { type Bytes, bytesOf } from "./go-text.js";
import { lineOfInput } from "./input.js";
import { print } from "./output.js";
import { around } from "./surroundings.js";

/**
 * Asks for a password: on the terminal, without showing what is typed, or as the next line of standard input.
 *
 * @param code how the command ends when the question is interrupted
 * @throws Failure
 */
export async function askPassword(prompt: Bytes, code: number): Promise<Bytes> {
  const terminal = around.stdin.isTTY === true;
  // Before anybody is asked: what is typed at once must not be shown either.
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

/** One line of raw key presses; undefined when given up with Ctrl-C or Ctrl-D. */
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

/** One listener for all questions: whoever pastes two answers at once has both of them heard. */
let keys: Keys | undefined;

class Keys {
  /** Pressed, and not asked for yet. */
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
