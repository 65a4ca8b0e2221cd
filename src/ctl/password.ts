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
function typedLine(stdin: NodeJS.ReadStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let typed = "";
    const done = (line: string | undefined): void => {
      stdin.off("data", read);
      stdin.setRawMode(false);
      stdin.pause();
      resolve(line);
    };
    const read = (chunk: Buffer): void => {
      for (const character of chunk.toString("utf8")) {
        if ("\r\n\u0003\u0004".includes(character)) {
          done("\r\n".includes(character) ? typed : undefined);
          return;
        }
        if (character === "\u007f" || character === "\b") typed = [...typed].slice(0, -1).join("");
        else typed += character;
      }
    };
    stdin.on("data", read);
    stdin.resume();
  });
}
