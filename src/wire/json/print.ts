import { Reader } from "../reader.js";
import type { FieldSchema } from "../schema.js";
import type { FieldType, MessageType, MessageTypes } from "./types.js";

/**
 * Converts a message from bytes to compact JSON: fields in the order of the .proto file under the names they have
 * there, 64-bit integers as strings, bytes in base64, enums by name. Zero values are left out, as in the bytes.
 *
 * @throws WireError when the bytes are malformed
 */
export function printMessage(types: MessageTypes, name: string, bytes: Uint8Array): string {
  return print(types, types.get(name), new Reader(bytes));
}

function print(types: MessageTypes, type: MessageType, reader: Reader): string {
  const texts: string[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    const field = type.byNumber.get(tag >>> 3);
    if (field === undefined) reader.skip(tag, { message: type.name, numbers: [] });
    else readField(types, field, tag & 7, reader, texts);
  }
  let printed = "";
  for (const { index, schema } of type.fields) {
    const text = texts[index];
    if (text === undefined) continue;
    printed += `${printed === "" ? "" : ","}"${schema.name}":${schema.repeated ? `[${text}]` : text}`;
  }
  return `{${printed}}`;
}

/** Adds the text of one field; texts of a repeated field are joined. */
export function readField(
  types: MessageTypes,
  field: FieldType,
  wireType: number,
  reader: Reader,
  texts: string[],
): void {
  const { schema, index } = field;
  const packed = schema.repeated && wireType === 2 && isNumber(schema);
  const outer = packed ? reader.open() : undefined;
  while (outer === undefined || reader.more()) {
    const text = printValue(types, field, reader);
    const before = texts[index];
    texts[index] = schema.repeated && before !== undefined ? `${before},${text}` : text;
    if (outer === undefined) return;
  }
  reader.close(outer);
}

function isNumber(schema: FieldSchema): boolean {
  return !("message" in schema) && !("scalar" in schema && (schema.scalar === "string" || schema.scalar === "bytes"));
}

function printValue(types: MessageTypes, { schema, values }: FieldType, reader: Reader): string {
  if ("message" in schema) {
    const outer = reader.open();
    const text = print(types, types.get(schema.message), reader);
    reader.close(outer);
    return text;
  }
  if ("enum" in schema) {
    const number = reader.int32();
    const name = values?.names.get(number);
    return name === undefined ? String(number) : `"${name}"`;
  }
  switch (schema.scalar) {
    case "bool":
      return String(reader.bool());
    case "int32":
      return String(reader.int32());
    case "uint32":
      return String(reader.uint32());
    case "int64":
      return `"${reader.int64()}"`;
    case "uint64":
      return `"${reader.uint64()}"`;
    case "double":
      return printDouble(reader.double());
    case "string":
      return JSON.stringify(reader.string());
    case "bytes":
      return `"${Buffer.from(reader.bytes()).toString("base64")}"`;
  }
}

/** JSON has no numbers for these values. Protobuf's rules have names for them. */
function printDouble(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
}
