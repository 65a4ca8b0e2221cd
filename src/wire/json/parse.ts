import { sharedWriter, type Writer } from "../writer.js";
import { JsonError, quote } from "./json-error.js";
import { integerRanges, parseJsonInteger } from "./numbers.js";
import { JsonReader } from "./reader.js";
import type { FieldType, MessageType, MessageTypes } from "./types.js";

type Value = bigint | number | boolean | string | Uint8Array | Message | List;

/** The given fields with their values. */
interface Message {
  readonly given: Map<FieldType, Value>;
}

/** The values of a repeated field. */
interface List {
  readonly items: readonly Value[];
}

/**
 * The deepest nesting of messages: 499 transactions, while `--max-txn-ops` allows 128 by default. The parser is
 * recursive, so deeper nesting could exhaust the stack.
 */
export const jsonNestingMax = 1_000;

/** Marks an unknown name of an enum value, which counts as not given. */
const unknown = Symbol("unknown");

/**
 * Converts a message from JSON to protobuf bytes, by protobuf's JSON rules as Go implements them: names in either
 * style, enums by name or number, integers as numbers or strings, null for a missing value; unknown names are skipped
 * with their values.
 *
 * @param json one value, as found by a scanner
 * @throws JsonError when a value does not have its field's type, or a field is given twice
 */
export function parseMessage(types: MessageTypes, name: string, json: Buffer): Uint8Array {
  const reader = new JsonReader(json);
  reader.read();
  const message = new Parser(types, reader).message(types.get(name), 1);
  const writer = sharedWriter.start();
  write(writer, message);
  return writer.finish();
}

class Parser {
  readonly #types: MessageTypes;
  readonly #reader: JsonReader;

  constructor(types: MessageTypes, reader: JsonReader) {
    this.#types = types;
    this.#reader = reader;
  }

  /** Parses the message that begins with the last token. */
  message(type: MessageType, depth: number): Message {
    const reader = this.#reader;
    if (depth > jsonNestingMax) throw new JsonError("proto: exceeded max recursion depth");
    if (reader.kind !== "{") throw reader.unexpected();
    const given = new Map<FieldType, Value>();
    const seen = new Set<FieldType | string>();
    while (reader.read() === "string") {
      const field = type.byName.get(reader.text);
      if (field === undefined) {
        reader.read();
        reader.skip();
        continue;
      }
      if (seen.has(field)) throw reader.fault(`duplicate field ${reader.raw()}`);
      seen.add(field);
      const { oneof } = field.schema;
      const place = reader.place();
      if (reader.read() === "null") continue;
      if (oneof !== undefined) {
        if (seen.has(oneof)) {
          throw reader.fault(`error parsing ${reader.raw(place)}, oneof ${type.name}.${oneof} is already set`, place);
        }
        seen.add(oneof);
      }
      const value = field.schema.repeated ? this.#list(field, depth) : this.#value(field, depth);
      if (value !== unknown) given.set(field, value);
    }
    return { given };
  }

  #list(field: FieldType, depth: number): List {
    const reader = this.#reader;
    if (reader.kind !== "[") throw reader.unexpected();
    const items: Value[] = [];
    while (reader.read() !== "]") {
      const value = this.#value(field, depth);
      if (value !== unknown) items.push(value);
    }
    return { items };
  }

  #value(field: FieldType, depth: number): Value | typeof unknown {
    const { schema } = field;
    if ("message" in schema) return this.message(this.#types.get(schema.message), depth + 1);
    const value = "enum" in schema ? this.#enum(field) : this.#scalar(schema.scalar);
    if (value !== undefined) return value;
    const reader = this.#reader;
    throw reader.fault(`invalid value for ${field.kind} field ${field.jsonName}: ${reader.raw()}`);
  }

  #enum({ values }: FieldType): Value | typeof unknown | undefined {
    const { kind, text } = this.#reader;
    if (kind === "number") return parseJsonInteger(text, integerRanges.int32);
    if (kind !== "string") return undefined;
    const number = values?.numbers.get(text);
    return number === undefined ? unknown : BigInt(number);
  }

  #scalar(type: string): Value | undefined {
    const { kind, text } = this.#reader;
    switch (type) {
      case "bool":
        return kind === "true" || kind === "false" ? kind === "true" : undefined;
      case "string":
        return kind === "string" ? text : undefined;
      case "bytes":
        return kind === "string" ? parseBase64(text) : undefined;
      case "int32":
      case "uint32":
      case "int64":
      case "uint64":
        return kind === "number" || (kind === "string" && text.trim() === text)
          ? parseJsonInteger(text, integerRanges[type])
          : undefined;
      case "double":
        return parseDouble(kind, text);
      default:
        throw new Error(`no rule for values of the type ${quote(type)}`);
    }
  }
}

/**
 * Decodes base64 in the standard or the URL alphabet, but not both mixed; with padding or without any; line ends are
 * ignored.
 */
export function parseBase64(text: string): Uint8Array | undefined {
  // Node would use only the low byte of a wider character.
  if (Buffer.byteLength(text) !== text.length) return undefined;
  const url = text.includes("-") || text.includes("_");
  if (url && (text.includes("+") || text.includes("/"))) return undefined;
  // Go decides by the length of the whole text, ignored characters included.
  const padded = text.length % 4 === 0;
  const digits = text.includes("\n") || text.includes("\r") ? text.replace(/[\r\n]/g, "") : text;
  const padding = digits.endsWith("==") ? 2 : digits.endsWith("=") ? 1 : 0;
  const significant = digits.length - padding;
  if (significant % 4 === 1) return undefined;
  if (padded ? digits.length % 4 !== 0 : padding > 0) return undefined;
  const bytes = Buffer.from(digits, "base64");
  // Node skips invalid characters, so that there are fewer bytes then.
  return bytes.length === Math.floor((significant * 3) / 4) ? bytes : undefined;
}

/** A number, also as a string; and the names of the values that JSON has no numbers for. */
function parseDouble(kind: string, text: string): number | undefined {
  if (kind === "number") return Number(text);
  if (kind !== "string" || text === "" || text.trim() !== text) return undefined;
  const value = Number(text);
  return Number.isNaN(value) && text !== "NaN" ? undefined : value;
}

function write(writer: Writer, { given }: Message): void {
  const fields = [...given].sort(([left], [right]) => right.schema.number - left.schema.number);
  for (const [field, value] of fields) {
    if (typeof value !== "object" || !("items" in value)) {
      writeValue(writer, field, value, field.schema.oneof !== undefined);
    } else for (const item of value.items.toReversed()) writeValue(writer, field, item, true);
  }
}

/** @param always writes the value even when it is zero */
function writeValue(writer: Writer, { schema }: FieldType, value: Value, always: boolean): void {
  const varint = schema.number * 8;
  const delimited = varint + 2;
  if (typeof value === "number") {
    if (always || value !== 0) writer.double(varint + 1, value);
  } else if (typeof value === "bigint") {
    if (always || value !== 0n) writer.int64(varint, value);
  } else if (typeof value === "boolean") {
    if (always || value) writer.bool(varint, value);
  } else if (typeof value === "string") {
    if (always || value !== "") writer.string(delimited, value);
  } else if (value instanceof Uint8Array) {
    if (always || value.length > 0) writer.bytes(delimited, value);
  } else if ("given" in value) {
    const before = writer.written();
    write(writer, value);
    writer.close(delimited, before);
  }
}
