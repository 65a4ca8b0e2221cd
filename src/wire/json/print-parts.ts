import { Reader } from "../reader.js";
import { readField } from "./print.js";
import type { FieldType, MessageType, MessageTypes } from "./types.js";

/** A message whose fields are being printed. */
interface Open {
  readonly type: MessageType;
  /** Bytes of the message that have not arrived yet. */
  left: number;
  /** The last printed field; the bracket of a repeated one is still open. */
  field: FieldType | undefined;
}

/**
 * Prints a message whose bytes arrive in parts, so that neither its bytes nor its JSON are ever held in one piece. A
 * part begins with the tag of a field; it ends after a field, or after the length of a message that later parts fill.
 * Fields must come in the order of the .proto file, and those of one repeated field together, as our encoders write
 * them.
 */
export class PartPrinter {
  readonly #types: MessageTypes;
  /** The open messages, the outermost first. */
  readonly #open: Open[];

  /** @param bytes length of the message */
  constructor(types: MessageTypes, name: string, bytes: number) {
    this.#types = types;
    this.#open = [{ type: types.get(name), left: bytes, field: undefined }];
  }

  /**
   * Prints one part. @returns the text to append
   *
   * @throws WireError when the bytes are malformed, Error when they do not belong to the message
   */
  print(part: Uint8Array): string {
    let text = this.#begun ? "" : "{";
    this.#begun = true;
    for (let at = 0; at < part.length; ) {
      this.#closeFilled((closed) => {
        text += closed;
      });
      const open = this.#innermost();
      const tag = varintAt(part, at);
      const field = open.type.byNumber.get(Math.floor(tag.value / 8));
      if (field === undefined) throw new Error(`the answer has a field that ${open.type.name} does not have`);
      text += begin(open, field);
      const wireType = tag.value % 8;
      const end = endOf(part, wireType, tag.end);
      if (end.value <= part.length) {
        const texts: string[] = [];
        readField(this.#types, field, wireType, new Reader(part.subarray(tag.end, end.value)), texts);
        text += texts[field.index] ?? "";
        open.left -= end.value - at;
        at = end.value;
      } else {
        if (!("message" in field.schema)) throw new Error("the part ends within a value");
        open.left -= end.value - at;
        this.#open.push({
          type: this.#types.get(field.schema.message),
          left: end.value - end.end,
          field: undefined,
        });
        text += "{";
        at = end.end;
      }
    }
    return text;
  }

  /** Prints the end of the text, after all parts. */
  end(): string {
    let text = this.#begun ? "" : "{";
    for (const { left } of this.#open) if (left !== 0) throw new Error("the answer is shorter than announced");
    for (let open = this.#open.pop(); open !== undefined; open = this.#open.pop()) text += close(open);
    return text;
  }

  #begun = false;

  #innermost(): Open {
    const open = this.#open.at(-1);
    if (open === undefined || open.left <= 0) throw new Error("the answer is longer than announced");
    return open;
  }

  #closeFilled(say: (text: string) => void): void {
    for (let open = this.#open.at(-1); open?.left === 0 && this.#open.length > 1; open = this.#open.at(-1)) {
      say(close(open));
      this.#open.pop();
    }
  }
}

/** The text before that of a field. */
function begin(open: Open, field: FieldType): string {
  const before = open.field;
  open.field = field;
  if (before === field) return ",";
  const name = `"${field.schema.name}":${field.schema.repeated ? "[" : ""}`;
  if (before === undefined) return name;
  return `${before.schema.repeated ? "]" : ""},${name}`;
}

function close({ field }: Open): string {
  return field?.schema.repeated ? "]}" : "}";
}

interface Varint {
  readonly value: number;
  /** Offset of the next byte. */
  readonly end: number;
}

/** Reads a length or a tag, which is at most 2^53. */
function varintAt(bytes: Uint8Array, start: number): Varint {
  let value = 0;
  let factor = 1;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new Error("the part ends within a number");
}

/** The end of the value that begins at `at`, and the start of its bytes when it has a length. */
function endOf(part: Uint8Array, wireType: number, at: number): Varint {
  if (wireType === 2) {
    const length = varintAt(part, at);
    return { value: length.end + length.value, end: length.end };
  }
  if (wireType !== 0) throw new Error(`the answer has a value of wire type ${wireType}`);
  let end = at;
  while ((part[end] ?? 0) >= 0x80) end++;
  return { value: end + 1, end: at };
}
