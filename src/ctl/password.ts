import { Failure } from "./failure.js";
import { type Bytes, bytesOf } from "./go-text.js";

/**
 * Asks on the terminal, without showing what is typed.
 *
 * @param code how the command ends when there is no terminal, or the question is interrupted
 * @throws Failure
 */
export async function askPassword(prompt: string, code: number, wrap: string): Promise<Bytes> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY) throw new Failure(code, `${wrap}inappropriate ioctl for device`);
  stdout.write(prompt);
  stdin.setRawMode(true);
  try {
    const typed = await lineOf(stdin);
    if (typed === undefined) throw new Failure(code, `${wrap}interrupted`);
    return bytesOf(typed);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write("\n");
  }
}

/** One line of raw key presses; undefined when given up with Ctrl-C or Ctrl-D. */
function lineOf(stdin: NodeJS.ReadStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let typed = "";
    const done = (line: string | undefined): void => {
      stdin.off("data", read);
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
