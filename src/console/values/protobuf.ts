import type { Binary } from "../text/binary.js";

/** A field of a protobuf message whose schema is not known. */
export type ProtobufField = { readonly number: number } & (
  | { readonly wire: "varint"; readonly value: bigint }
  | { readonly wire: "bytes"; readonly value: Binary }
  | { readonly wire: "fixed64" | "fixed32"; readonly value: Binary }
);

/** The fields of a message; undefined if the bytes are none. */
export function protobufFields(message: Binary): readonly ProtobufField[] | undefined {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < message.length; shift += 7n) {
      const byte = message.charCodeAt(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  const take = (length: number): Binary | undefined => {
    if (at + length > message.length) return undefined;
    at += length;
    return message.slice(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    if (tag === undefined || tag >> 3n === 0n || tag > 0xffff_ffffn) return undefined;
    const number = Number(tag >> 3n);
    const wire = wires[Number(tag & 7n)];
    if (wire === "varint") {
      const value = varint();
      if (value === undefined) return undefined;
      fields.push({ number, wire, value });
      continue;
    }
    const length = wire === "bytes" ? varint() : wire === "fixed64" ? 8n : wire === "fixed32" ? 4n : undefined;
    const value = length === undefined || length > BigInt(message.length) ? undefined : take(Number(length));
    if (wire === undefined || value === undefined) return undefined;
    fields.push({ number, wire, value });
  }
  return fields;
}

const wires: Readonly<Record<number, ProtobufField["wire"]>> = { 0: "varint", 1: "fixed64", 2: "bytes", 5: "fixed32" };

/** The first field of a number that has bytes; empty if there is none. */
export function bytesOf(fields: readonly ProtobufField[] | undefined, number: number): Binary {
  const field = fields?.find((one) => one.number === number && one.wire === "bytes");
  return field?.wire === "bytes" ? field.value : "";
}
