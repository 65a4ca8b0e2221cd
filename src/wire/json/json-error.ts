import { goEscapes, UntracedError } from "../../base/index.js";

/** The JSON is malformed or does not fit the message. The text is etcd's. */
export class JsonError extends UntracedError {
  override readonly name = "JsonError";
}

/** Quotes text as Go does in its errors. */
export function quote(text: string): string {
  return `"${[...text].map((character) => (character === '"' ? '\\"' : escaped(character))).join("")}"`;
}

/** Quotes the byte at which a parser stopped, as Go does. */
export function quoteByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return "'\\''";
  return `'${escaped(character)}'`;
}

function escaped(character: string): string {
  const short = goEscapes[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  if ((code >= 0x80 && code <= 0xa0) || code === 0xad) return `\\u${code.toString(16).padStart(4, "0")}`;
  return character;
}
