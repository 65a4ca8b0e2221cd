import { JsonError, quoteByte } from "./json-error.js";
import { endOfPlainRun } from "./plain-run.js";

/** The deepest nesting of arrays and objects, as in etcd; the scanner does not recurse. */
const depthMax = 10_000;

/**
 * The most tokens (values, keys, brackets, colons, commas) of one value, and the most characters of one number. This
 * many are processed within a few milliseconds; 128 operations on each side of a transaction need half of them.
 */
const tokensMax = 20_000;
const numberBytesMax = 1_000;
/**
 * The share of a value's bytes that may be white space or escapes: each costs far more than a character of a string.
 * Base64 with every slash escaped has one in 64.
 */
const slowBytesShare = 1 / 32;

const [space, quoteMark, backslash, comma, colon, minus, zero, point] = [
  0x20, 0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x30, 0x2e,
];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const none: Buffer = Buffer.alloc(0);

/** The input that may come next. */
type State =
  | "value"
  | "value or ]"
  | "key or }"
  | "key"
  | "colon"
  | "after value"
  | "string"
  | "escape"
  | "hexadecimal"
  | "literal"
  | "minus"
  | "leading zero"
  | "integer"
  | "point"
  | "fraction"
  | "exponent"
  | "exponent sign"
  | "exponent digits"
  | "done";

/** States in which a number may end. */
const numberEnds: ReadonlySet<State> = new Set(["leading zero", "integer", "fraction", "exponent digits"]);

/**
 * Finds consecutive JSON values, separated by white space only, in bytes that arrive in pieces, and refuses the first
 * byte that is not JSON. It holds only the current value, up to its bound.
 */
export class JsonScanner {
  readonly #bytesMax: number;
  /** Bytes that have not been taken lie in `[#from, #to)`, and begin with the current value. */
  #bytes = none;
  #from = 0;
  #to = 0;
  #at = 0;
  #state: State = "value";
  /** Expected closing brackets, the innermost last. */
  #open: number[] = [];
  #isKey = false;
  #literal = "";
  #literalAt = 0;
  #hexadecimals = 0;
  #tokens = 0;
  /** Number of white-space bytes, and of escapes in strings. */
  #slowBytes = 0;
  #numberBytes = 0;
  #ended = false;

  /** @param bytesMax the longest value in bytes */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of incomplete values. */
  get heldBytes(): number {
    return this.#to - this.#from;
  }

  /** Adds a copy of the chunk. Values that `next` has returned become invalid. */
  push(chunk: Uint8Array): void {
    const held = this.#to - this.#from;
    const needed = held + chunk.length;
    // Double the buffer each time: a value sent byte by byte must not be copied as often.
    const bytes = needed <= this.#bytes.length ? this.#bytes : Buffer.allocUnsafe(Math.max(needed, 2 * held));
    if (bytes !== this.#bytes || this.#from > 0) this.#bytes.copy(bytes, 0, this.#from, this.#to);
    bytes.set(chunk, held);
    this.#bytes = bytes;
    this.#at -= this.#from;
    this.#from = 0;
    this.#to = needed;
  }

  /** Marks the end of the input. */
  end(): void {
    this.#ended = true;
  }

  /**
   * The bytes of the next value; undefined while it is incomplete, or, after `end`, when there is none.
   *
   * @throws JsonError when the input is not JSON, ends within a value, or the value is too long
   */
  next(): Buffer | undefined {
    if (this.#at === this.#from) this.#skipSpace();
    const limit = Math.min(this.#to, this.#from + this.#bytesMax + 1);
    while (this.#at < limit && this.#state !== "done") this.#step(this.#bytes[this.#at] ?? 0);
    if (this.#ended && this.#open.length === 0 && numberEnds.has(this.#state)) this.#state = "done";
    if (this.#at - this.#from > this.#bytesMax) {
      throw new JsonError(`a JSON value of more than ${this.#bytesMax} bytes`);
    }
    if (this.#state === "done") return this.#take();
    if (this.#ended && this.#at > this.#from) throw new JsonError("unexpected EOF");
    return undefined;
  }

  #take(): Buffer {
    const value = this.#bytes.subarray(this.#from, this.#at);
    this.#from = this.#at;
    this.#state = "value";
    this.#tokens = 0;
    this.#slowBytes = 0;
    return value;
  }

  #skipSpace(): void {
    while (this.#from < this.#to && isSpace(this.#bytes[this.#from] ?? 0)) this.#from++;
    this.#at = this.#from;
  }

  /** Processes one byte. A byte that ends a number is seen again in the next state. */
  #step(byte: number): void {
    switch (this.#state) {
      case "string":
        this.#inString();
        return;
      case "escape":
        this.#escape(byte);
        break;
      case "hexadecimal":
        if (!isHexadecimal(byte)) throw unexpected(byte, "in \\u hexadecimal character escape");
        if (++this.#hexadecimals === 4) this.#state = "string";
        break;
      case "literal":
        this.#inLiteral(byte);
        break;
      case "value":
      case "value or ]":
      case "key or }":
      case "key":
      case "colon":
      case "after value":
        if (isSpace(byte)) this.#countSlow();
        else this.#token(byte);
        break;
      default:
        if (!this.#inNumber(byte)) {
          this.#valueOver();
          return;
        }
        if (++this.#numberBytes > numberBytesMax) throw tooMuch("a number", numberBytesMax, "characters");
    }
    this.#at++;
  }

  #countSlow(): void {
    const most = Math.ceil(this.#bytesMax * slowBytesShare);
    if (++this.#slowBytes > most) throw tooMuch("a JSON value", most, "blanks and escaped characters");
  }

  #valueOver(): void {
    this.#state = this.#open.length === 0 ? "done" : "after value";
  }

  #token(byte: number): void {
    if (++this.#tokens > tokensMax) throw tooMuch("a JSON value", tokensMax, "tokens");
    this.#numberBytes = 1;
    switch (this.#state) {
      case "value or ]":
        if (byte === closeBracket) this.#close();
        else this.#value(byte);
        break;
      case "key or }":
        if (byte === closeBrace) this.#close();
        else this.#key(byte);
        break;
      case "key":
        this.#key(byte);
        break;
      case "colon":
        if (byte !== colon) throw unexpected(byte, "after object key");
        this.#state = "value";
        break;
      case "after value":
        this.#afterValue(byte);
        break;
      default:
        this.#value(byte);
    }
  }

  #value(byte: number): void {
    if (byte === quoteMark) {
      this.#isKey = false;
      this.#state = "string";
    } else if (byte === openBrace) this.#nest(byte, closeBrace, "key or }");
    else if (byte === openBracket) this.#nest(byte, closeBracket, "value or ]");
    else if (byte === minus) this.#state = "minus";
    else if (byte === zero) this.#state = "leading zero";
    else if (isDigit(byte)) this.#state = "integer";
    else {
      const literal = literals.get(byte);
      if (literal === undefined) throw unexpected(byte, "looking for beginning of value");
      this.#literal = literal;
      this.#literalAt = 1;
      this.#state = "literal";
    }
  }

  #key(byte: number): void {
    if (byte !== quoteMark) throw unexpected(byte, "looking for beginning of object key string");
    this.#isKey = true;
    this.#state = "string";
  }

  #afterValue(byte: number): void {
    const due = this.#open.at(-1);
    if (byte === due) this.#close();
    else if (byte !== comma) {
      throw unexpected(byte, due === closeBrace ? "after object key:value pair" : "after array element");
    } else this.#state = due === closeBrace ? "key" : "value";
  }

  #nest(byte: number, due: number, state: State): void {
    if (this.#open.length >= depthMax) throw unexpected(byte, "exceeded max depth");
    this.#open.push(due);
    this.#state = state;
  }

  #close(): void {
    this.#open.pop();
    this.#valueOver();
  }

  /** Skips as much of a string as has arrived. */
  #inString(): void {
    const at = endOfPlainRun(this.#bytes, this.#at, this.#to);
    this.#at = at;
    if (at === this.#to) return;
    const byte = this.#bytes[at] ?? 0;
    if (byte < space) throw unexpected(byte, "in string literal");
    this.#at++;
    if (byte === backslash) {
      this.#state = "escape";
      this.#countSlow();
    } else if (this.#isKey) this.#state = "colon";
    else this.#valueOver();
  }

  #escape(byte: number): void {
    const character = String.fromCharCode(byte);
    if (character === "u") {
      this.#hexadecimals = 0;
      this.#state = "hexadecimal";
    } else if ('"\\/bfnrt'.includes(character)) this.#state = "string";
    else throw unexpected(byte, "in string escape code");
  }

  #inLiteral(byte: number): void {
    const wanted = this.#literal[this.#literalAt];
    if (String.fromCharCode(byte) !== wanted) {
      throw unexpected(byte, `in literal ${this.#literal} (expecting '${wanted}')`);
    }
    if (++this.#literalAt === this.#literal.length) this.#valueOver();
  }

  /** @returns false when the byte is not part of the number */
  #inNumber(byte: number): boolean {
    const digit = isDigit(byte);
    switch (this.#state) {
      case "minus":
        if (!digit) throw unexpected(byte, "in numeric literal");
        this.#state = byte === zero ? "leading zero" : "integer";
        return true;
      case "point":
        if (!digit) throw unexpected(byte, "after decimal point in numeric literal");
        this.#state = "fraction";
        return true;
      case "exponent":
      case "exponent sign":
        if (!digit && (this.#state === "exponent sign" || !isSign(byte))) {
          throw unexpected(byte, "in exponent of numeric literal");
        }
        this.#state = digit ? "exponent digits" : "exponent sign";
        return true;
      default:
        return this.#goesOn(byte, digit);
    }
  }

  #goesOn(byte: number, digit: boolean): boolean {
    if (digit) return this.#state !== "leading zero";
    if (byte === point && (this.#state === "integer" || this.#state === "leading zero")) this.#state = "point";
    else if ((byte | 0x20) === 0x65 && this.#state !== "exponent digits") this.#state = "exponent";
    else return false;
    return true;
  }
}

const literals: ReadonlyMap<number, string> = new Map(
  ["true", "false", "null"].map((literal) => [literal.charCodeAt(0), literal]),
);

function tooMuch(what: string, most: number, unit: string): JsonError {
  return new JsonError(`${what} of more than ${most} ${unit}`);
}

function unexpected(byte: number, where: string): JsonError {
  return new JsonError(`invalid character ${quoteByte(byte)} ${where}`);
}

function isSpace(byte: number): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isSign(byte: number): boolean {
  return byte === 0x2b || byte === minus;
}

function isHexadecimal(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
