import { type Bytes, ExitCode, Failure, unquote } from "../cli/index.js";

/** Splits a line of an interactive command into words; single and double quotes group. @throws Failure */
export function argify(line: Bytes): Bytes[] {
  const words = line.match(/"(?:[^"\\]|\\[\s\S])*"|'[^']*'|[^'"\s]\S*[^'"\s]?/g) ?? [];
  return words.map((word) => {
    if (word.startsWith("'")) return word.slice(1, -1);
    if (!word.startsWith('"')) return word;
    const read = unquote(word);
    if (read === undefined) throw new Failure(ExitCode.InvalidInput, "invalid syntax");
    return read.value;
  });
}
