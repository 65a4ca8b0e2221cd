import { JsonError, quote } from "./json-error.js";

export type TokenKind = "{" | "}" | "[" | "]" | "," | ":" | "string" | "number" | "true" | "false" | "null";

const [quoteMark, backslash] = Buffer.from('"\\');
/** How much of a value an error repeats. */
const repeatedMax = 1_000;

/**
 * Reads one JSON value that a scanner has found, token by token. What a scanner lets pass and JSON with UTF-8 does not
 * have (bytes that are no UTF-8, halves of surrogate pairs) is refused here, in the words of Go's protobuf.
 */
export class JsonReader {
  readonly #bytes: Buffer;
  #at = 0;
  /** The token that was read last. */
  kind: TokenKind = "null";
  #start = 0;
  /** What the token spells: of a string its text without escapes, of a number its digits. */
  text = "";

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The next token; commas and colons have been checked and are passed over. */
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

  /** Passes over the value whose first token was read, however deep it is. */
  skip(): void {
    let depth = 0;
    for (;;) {
      if (this.kind === "{" || this.kind === "[") depth++;
      else if (this.kind === "}" || this.kind === "]") depth--;
      if (depth === 0) return;
      this.read();
    }
  }

  /** An error about the token that was read last, with the place where it stands. */
  fault(message: string): JsonError {
    return new JsonError(`proto: ${this.#place()}: ${message}`);
  }

  /** The token is not one that may stand here. */
  unexpected(): JsonError {
    return new JsonError(`proto: syntax error ${this.#place()}: unexpected token ${this.raw()}`);
  }

  /** The token as it was sent; of a long one its beginning. */
  raw(): string {
    const text = this.#bytes.toString("utf8", this.#start, Math.min(this.#at, this.#start + repeatedMax));
    return this.#at - this.#start > repeatedMax ? `${text}...` : text;
  }

  #literal(kind: "true" | "false" | "null"): void {
    this.#at += kind.length;
    this.kind = kind;
  }

  #number(): void {
    while (/[-+.0-9eE]/.test(String.fromCharCode(this.#bytes[this.#at] ?? 0))) this.#at++;
    this.kind = "number";
    this.text = this.#bytes.toString("latin1", this.#start, this.#at);
  }

  #string(): string {
    const bytes = this.#bytes;
    let at = this.#start + 1;
    let escaped = false;
    let ascii = true;
    for (; bytes[at] !== quoteMark; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === backslash) {
        escaped = true;
        at++;
      } else if (byte >= 0x80) ascii = false;
    }
    this.#at = at + 1;
    const text = ascii
      ? bytes.toString("latin1", this.#start + 1, at)
      : this.#utf8(bytes.subarray(this.#start + 1, at));
    return escaped ? this.#unescape(text) : text;
  }

  #utf8(bytes: Buffer): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.#syntaxError("invalid UTF-8 in string");
    }
  }

  #unescape(text: string): string {
    let at = 0;
    const plain = text.replace(/[^\\]+|\\u([0-9a-fA-F]{4})|\\(.)/g, (part, hexadecimal?: string, short?: string) => {
      const start = at;
      at += part.length;
      if (hexadecimal !== undefined) return this.#unit(text, start, Number.parseInt(hexadecimal, 16));
      return short === undefined ? part : (shortEscapes[short] ?? short);
    });
    return plain;
  }

  /** A unit of UTF-16; the two of a pair must stand beside each other. */
  #unit(text: string, at: number, unit: number): string {
    const isLow = (unit & 0xfc00) === 0xdc00;
    const isHigh = (unit & 0xfc00) === 0xd800;
    const paired =
      (isHigh && /^\\u[dD][c-fC-F]/.test(text.slice(at + 6))) ||
      (isLow && /\\u[dD][89abAB][0-9a-fA-F]{2}$/.test(text.slice(0, at)));
    if ((isLow || isHigh) && !paired) {
      const after = Buffer.concat([Buffer.from(text.slice(at + 6)), this.#bytes.subarray(this.#at - 1)]);
      if (after.length < 6) throw new JsonError("proto: unexpected EOF");
      throw this.#syntaxError(`invalid escape code ${quote(after.toString("utf8", 0, 6))} in string`);
    }
    return String.fromCharCode(unit);
  }

  #syntaxError(message: string): JsonError {
    return new JsonError(`proto: syntax error ${this.#place()}: ${message}`);
  }

  #place(): string {
    const before = this.#bytes.subarray(0, this.#start);
    const line = before.lastIndexOf(0x0a) + 1;
    let lines = 1;
    for (const byte of before) if (byte === 0x0a) lines++;
    return `(line ${lines}:${before.toString("utf8", line).length + 1})`;
  }
}

const shortEscapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
