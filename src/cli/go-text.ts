import { goEscapes } from "../base/index.js";

/**
 * A string whose characters are bytes, like a string in Go. Arguments, keys and values that are not valid UTF-8 pass
 * through unchanged.
 */
export type Bytes = string;

/** The UTF-8 bytes of a text. */
export function bytesOf(text: string): Bytes {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Decodes UTF-8 bytes. */
export function textOf(bytes: Bytes): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

export function bytesOfArray(bytes: Uint8Array): Bytes {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function arrayOf(bytes: Bytes): Uint8Array {
  return Buffer.from(bytes, "latin1");
}

const escapes: Readonly<Record<string, string>> = { ...goEscapes, '"': '\\"' };
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
/** Matches a well-formed UTF-8 character, or a single byte. */
const character = new RegExp(
  [
    "[\\xc2-\\xdf][\\x80-\\xbf]",
    "(?:\\xe0[\\xa0-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]|\\xed[\\x80-\\x9f])[\\x80-\\xbf]",
    "(?:\\xf0[\\x90-\\xbf]|[\\xf1-\\xf3][\\x80-\\xbf]|\\xf4[\\x80-\\x8f])[\\x80-\\xbf]{2}",
    "[\\s\\S]",
  ].join("|"),
  "g",
);

/** Quotes as Go's `%q` does: printable characters stay, others are escaped. */
export function quote(bytes: Bytes): Bytes {
  return `"${bytes.replace(character, quoted)}"`;
}

function quoted(bytes: Bytes): Bytes {
  const known = escapes[bytes];
  if (known !== undefined) return known;
  const code = bytes.charCodeAt(0);
  if (bytes.length === 1) return code >= 0x20 && code < 0x7f ? bytes : `\\x${hex(code, 2)}`;
  const text = textOf(bytes);
  if (printable.test(text)) return bytes;
  const point = text.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

const unescapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/**
 * Reads a quoted string at the start of a text, as Go's scanner does for `%q`.
 *
 * @returns the string's value and the number of bytes read; undefined when the text begins with no quoted string
 */
export function unquote(text: Bytes): { readonly value: Bytes; readonly length: number } | undefined {
  const raw = /^`([^`]*)`/.exec(text);
  if (raw !== null) return { value: (raw[1] ?? "").replaceAll("\r", ""), length: raw[0].length };
  const found = /^"((?:[^"\\\n]|\\[^\n])*)"/.exec(text);
  if (found === null) return undefined;
  let bad = false;
  const sequence = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g;
  const value = (found[1] ?? "").replace(sequence, (_, byte, four, eight, octal, letter: string) => {
    if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    const point = four ?? eight;
    if (point !== undefined && Number.parseInt(point, 16) <= 0x10ffff) {
      return bytesOf(String.fromCodePoint(Number.parseInt(point, 16)));
    }
    const meant = unescapes[letter];
    if (meant === undefined) bad = true;
    return meant ?? "";
  });
  return bad ? undefined : { value, length: found[0].length };
}

/** Bytes as `--hex` prints them, such as `\x61\x62`. */
export function hexEscaped(bytes: Bytes): string {
  return Buffer.from(bytes, "latin1").toString("hex").replace(/../g, "\\x$&");
}
