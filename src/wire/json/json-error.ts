/** JSON that does not say what was asked for. Its text is the one with which etcd refuses the same. */
export class JsonError extends Error {
  override readonly name = "JsonError";

  constructor(message: string) {
    // Anyone can send garbage at line rate, and nobody reads where in the parser it was noticed.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}

/** As Go quotes text in its errors. */
export function quote(text: string): string {
  return `"${[...text].map((character) => (character === '"' ? '\\"' : escaped(character))).join("")}"`;
}

/** As Go quotes the byte at which a parser stopped. */
export function quoteByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return "'\\''";
  return `'${escaped(character)}'`;
}

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

function escaped(character: string): string {
  const short = escapes[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  if ((code >= 0x80 && code <= 0xa0) || code === 0xad) return `\\u${code.toString(16).padStart(4, "0")}`;
  return character;
}
