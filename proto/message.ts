import protobuf from "protobufjs";
import { type Field, fieldsOf, holdsRecursive, isEncodable, isMergeable, type Kind, type Scalar } from "./schema.js";

/** A message that is emitted. */
export interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
  /** The fields of each oneof by its name, in the order of their numbers. */
  readonly oneofs: ReadonlyMap<string, readonly Field[]>;
  /** The type of a message that was read. */
  readonly out: string;
  /** Whether a read can continue from an earlier part of the same message. */
  readonly mergeable: boolean;
  /** Whether the message can contain itself, directly or in other messages. */
  readonly recursive: boolean;
}

export function messageOf(type: protobuf.Type, proto2: boolean): Message {
  const fields = fieldsOf(type, proto2);
  const oneofs = new Map<string, Field[]>();
  for (const field of fields) {
    if (field.oneof !== undefined) oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), field]);
  }
  return {
    ...{ name: type.name, fields, oneofs },
    ...{ out: outType(type), mergeable: isMergeable(type), recursive: holdsRecursive(type) },
  };
}

/** The type of a message that was read. It has no encoded parts, which the message's own type may allow. */
export function outType(type: protobuf.Type): string {
  return holdsEncodable(type, new Set()) ? `Decoded<${type.name}>` : type.name;
}

/** Whether the type contains an encodable field at any depth. */
function holdsEncodable(type: protobuf.Type, seen: Set<protobuf.Type>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return type.fieldsArray.some((field) => {
    const inner = field.resolve().resolvedType;
    return inner instanceof protobuf.Type && (isEncodable(inner) || holdsEncodable(inner, seen));
  });
}

/** A property of the message in TypeScript, which is a field or a whole oneof. */
export interface Property {
  readonly name: string;
  readonly zero: string;
  /** The field; undefined for a oneof. */
  readonly field: Field | undefined;
}

export function propertiesOf(message: Message): Property[] {
  const found = new Map<string, Property>();
  for (const field of message.fields) {
    if (field.oneof === undefined) found.set(field.name, { name: field.name, zero: zeroOf(field), field });
    else if (!found.has(field.oneof))
      found.set(field.oneof, { name: field.oneof, zero: "undefined", field: undefined });
  }
  return [...found.values()];
}

export const types: Record<Scalar, { readonly type: string; readonly zero: string; readonly written: string }> = {
  bool: { type: "boolean", zero: "false", written: "" },
  int32: { type: "number", zero: "0", written: " !== 0" },
  uint32: { type: "number", zero: "0", written: " !== 0" },
  int53: { type: "number", zero: "0", written: " !== 0" },
  uint53: { type: "number", zero: "0", written: " !== 0" },
  int64: { type: "bigint", zero: "0n", written: " !== 0n" },
  uint64: { type: "bigint", zero: "0n", written: " !== 0n" },
  double: { type: "number", zero: "0", written: " !== 0" },
  string: { type: "string", zero: '""', written: ' !== ""' },
  key: { type: "Key", zero: '""', written: ' !== ""' },
  bytes: { type: "Uint8Array", zero: "emptyBytes", written: ".length > 0" },
};

export function itemType(kind: Kind): string {
  if (kind.type !== "message") return kind.enum ?? types[kind.type].type;
  return kind.encodable ? `Encodable<${kind.message.name}>` : kind.message.name;
}

export function typeOf(field: Field): string {
  if (field.repeated) return `readonly ${itemType(field.kind)}[]`;
  return isOptional(field) ? `${itemType(field.kind)} | undefined` : itemType(field.kind);
}

export function readType(field: Field): string {
  return field.kind.type === "message" ? outType(field.kind.message) : types[field.kind.type].type;
}

export function isOptional(field: Field): boolean {
  return field.kind.type === "message" || field.nullable;
}

function zeroOf(field: Field): string {
  if (field.repeated) return "[]";
  return field.kind.type === "message" || field.nullable ? "undefined" : types[field.kind.type].zero;
}

export function wireType(kind: Kind): number {
  if (kind.type === "double") return 1;
  return kind.type === "message" || kind.type === "string" || kind.type === "key" || kind.type === "bytes" ? 2 : 0;
}

/** Whether the values of a repeated field may be written one after the other in one field. */
export function isPackable({ repeated, kind }: Field): boolean {
  return repeated && wireType(kind) !== 2;
}

export function tagOf(field: Field, type: number): number {
  return field.number * 8 + type;
}

export function numbersName(message: Message): string {
  return `fieldsOf${message.name}`;
}

/** Emits an object literal of the message, with each property from a variable of the same name. */
export function emitObject(message: Message): string[] {
  const names = propertiesOf(message).map(({ name }) => name);
  const short = `  return { ${names.join(", ")} };`;
  if (short.length <= 100) return [short];
  return ["  return {", ...names.map((name) => `    ${name},`), "  };"];
}
