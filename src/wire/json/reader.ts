import { isAscii, isUtf8 } from "node:buffer";
import { JsonError, quote } from "./json-error.js";

export type TokenKind = "{" | "}" | "[" | "]" | "," | ":" | "string" | "number" | "true" | "false" | "null";

const [quoteMark, backslash] = [0x22, 0x5c];
/** The most characters of a value that an error repeats. */
const repeatedMax = 1_000;

/** Place of a token in the bytes: `[start, end)`. */
export interface TokenPlace {
  readonly start: number;
  readonly end: number;
}

/**
 * The most bytes of non-ASCII strings in one value. Keys and values are base64; decoding a megabyte of other text holds
 * the event loop for ten milliseconds.
 */
const wideBytesMax = 1024 * 1024;

/**
 * Reads one JSON value, found by a scanner, token by token. Input that the scanner accepts although it is not JSON in
 * UTF-8 (invalid UTF-8, halves of surrogate pairs) is refused here, with the texts of Go's protobuf.
 */
export class JsonReader {
  readonly #bytes: Buffer;
  #at = 0;
  /** Offset of the next backslash, as far as it was searched; the length when there is none. */
  #backslash = -1;
  /** Bytes of non-ASCII strings so far. */
  #wideBytes = 0;
  /** The last token. */
  kind: TokenKind = "null";
  #start = 0;
  /** Text of the last token: that of a string without escapes, or the digits of a number. */
  text = "";

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads the next token. Commas and colons have been checked by the scanner, and are skipped. */
  read(): TokenKind {
    const bytes = this.#bytes;
    for (;;) {
      const byte = bytes[this.#at] ?? 0;
      if (byte !== 0x2c && byte !== 0x3a && byte > 0x20) break;
      this.#at++;
    }
    this.#start = this.#at;
    const first = String.fromCharCode(bytes[this.#at] ?? 0);
    switch (first) {
      case "{":
      case "}":
      case "[":
      case "]":
        this.#at++;
        this.kind = first;
        break;
      case '"':
        this.kind = "string";
        this.text = this.#string();
        break;
      case "t":
        this.#literal("true");
        break;
      case "f":
        this.#literal("false");
        break;
      case "n":
        this.#literal("null");
        break;
      default:
        this.#number();
    }
    return this.kind;
  }

  /** Skips the value that begins with the last token, at any depth. */
  skip(): void {
    let depth = 0;
    for (;;) {
      if (this.kind === "{" || this.kind === "[") depth++;
      else if (this.kind === "}" || this.kind === "]") depth--;
      if (depth === 0) return;
      this.read();
    }
  }

  /** Place of the last token. */
  place(): TokenPlace {
    return { start: this.#start, end: this.#at };
  }

  /** An error about a token, with its line and column. Finding the line scans all bytes before the token. */
  fault(message: string, { start } = this.place()): JsonError {
    return new JsonError(`proto: ${this.#line(start)}: ${message}`);
  }

  /** The error for a token that may not stand here. */
  unexpected(): JsonError {
    return new JsonError(`proto: syntax error ${this.#line(this.#start)}: unexpected token ${this.raw()}`);
  }

  /** A token as it was sent; a long one is cut. */
  raw({ start, end } = this.place()): string {
    const text = this.#bytes.toString("utf8", start, Math.min(end, start + repeatedMax));
    return end - start > repeatedMax ? `${text}...` : text;
  }

  #literal(kind: "true" | "false" | "null"): void {
    this.#at += kind.length;
    this.kind = kind;
  }

  #number(): void {
    while (isOfNumber(this.#bytes[this.#at] ?? 0)) this.#at++;
    this.kind = "number";
    this.text = this.#bytes.toString("latin1", this.#start, this.#at);
  }

  #string(): string {
    const bytes = this.#bytes;
    const start = this.#start + 1;
    if (this.#backslash < start) {
      const found = bytes.indexOf(backslash, start);
      this.#backslash = found < 0 ? bytes.length : found;
    }
    const end = bytes.indexOf(quoteMark, start);
    if (this.#backslash > end) {
      this.#at = end + 1;
      return this.#utf8(start, end);
    }
    return this.#unescape(start);
  }

  #utf8(start: number, end: number): string {
    const bytes = this.#bytes.subarray(start, end);
    if (isAscii(bytes)) return bytes.toString("latin1");
    if (!isUtf8(bytes)) throw this.#syntaxError("invalid UTF-8 in string");
    this.#wideBytes += bytes.length;
    if (this.#wideBytes > wideBytesMax) throw this.#syntaxError(`more than ${wideBytesMax} bytes of text beyond ASCII`);
    return bytes.toString("utf8");
  }

  /** Decodes a string with escapes: the pieces between them, and the character of each. */
  #unescape(start: number): string {
    const bytes = this.#bytes;
    const parts: string[] = [];
    let units: number[] = [];
    const flush = (): void => {
      if (units.length > 0) parts.push(String.fromCharCode(...units));
      units = [];
    };
    let from = start;
    let at = start;
    for (; bytes[at] !== quoteMark; at++) {
      if (bytes[at] !== backslash) continue;
      if (at > from) {
        flush();
        parts.push(this.#utf8(from, at));
      }
      const isUnit = bytes[at + 1] === letterU;
      units.push(isUnit ? this.#unit(start, at) : shortEscape(bytes[at + 1] ?? 0));
      if (units.length === unitsMax) flush();
      at += isUnit ? 5 : 1;
      from = at + 1;
    }
    flush();
    if (at > from) parts.push(this.#utf8(from, at));
    this.#at = at + 1;
    return parts.join("");
  }

  /** The UTF-16 unit of the escape at `at`; the two halves of a surrogate pair must be adjacent. */
  #unit(start: number, at: number): number {
    const bytes = this.#bytes;
    const unit = hexadecimalAt(bytes, at + 2);
    const kind = unit & 0xfc00;
    if (kind !== highSurrogate && kind !== lowSurrogate) return unit;
    const [other, wanted] = kind === highSurrogate ? [at + 6, lowSurrogate] : [at - 6, highSurrogate];
    const isEscape = other >= start && bytes[other] === backslash && bytes[other + 1] === letterU;
    if (isEscape && (hexadecimalAt(bytes, other + 2) & 0xfc00) === wanted) return unit;
    const after = bytes.subarray(at + 6);
    if (after.length < 6) throw new JsonError("proto: unexpected EOF");
    throw this.#syntaxError(`invalid escape code ${quote(after.toString("utf8", 0, 6))} in string`);
  }

  #syntaxError(message: string): JsonError {
    return new JsonError(`proto: syntax error ${this.#line(this.#start)}: ${message}`);
  }

  /** Line and column of a byte. */
  #line(at: number): string {
    const before = this.#bytes.subarray(0, at);
    const line = before.lastIndexOf(0x0a) + 1;
    let lines = 1;
    for (let index = 0; index < line; index++) if (before[index] === 0x0a) lines++;
    return `(line ${lines}:${before.toString("utf8", line).length + 1})`;
  }
}

const letterU = 0x75;
const [highSurrogate, lowSurrogate] = [0xd800, 0xdc00];
/** The most units that are converted at once: each is an argument of a call. */
const unitsMax = 1_024;
const shortEscapes = new Map([..."bfnrt"].map((letter, at) => [letter.charCodeAt(0), "\b\f\n\r\t".charCodeAt(at)]));

function shortEscape(byte: number): number {
  return shortEscapes.get(byte) ?? byte;
}

/** Reads four hexadecimal digits, which the scanner has checked. */
function hexadecimalAt(bytes: Buffer, at: number): number {
  let value = 0;
  for (let digit = at; digit < at + 4; digit++) {
    const byte = bytes[digit] ?? 0;
    value = value * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return value;
}

/** Whether the byte can be part of a number: a digit, a sign, a point, or the letter of an exponent. */
function isOfNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65;
}
