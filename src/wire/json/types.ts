import { type FieldSchema, type FileSchema, jsonName } from "../schema.js";

/** A message type, prepared for both directions. */
export interface MessageType {
  readonly name: string;
  /** Fields in the order of the JSON. */
  readonly fields: readonly FieldType[];
  /** Fields by accepted name: the JSON name, and the name in the .proto file. */
  readonly byName: ReadonlyMap<string, FieldType>;
  readonly byNumber: ReadonlyMap<number, FieldType>;
}

export interface FieldType {
  readonly schema: FieldSchema;
  /** Place of the field in the message. */
  readonly index: number;
  readonly jsonName: string;
  /** Name of the field's kind in errors. */
  readonly kind: string;
  readonly values?: EnumValues;
}

export interface EnumValues {
  readonly names: ReadonlyMap<number, string>;
  readonly numbers: ReadonlyMap<string, number>;
}

/** All message types of some files, by full name. */
export class MessageTypes {
  readonly #types = new Map<string, MessageType>();

  constructor(files: readonly FileSchema[]) {
    const enums = new Map<string, EnumValues>();
    for (const { name, values } of files.flatMap((file) => file.enums)) {
      enums.set(name, { names: new Map(values.map(([value, number]) => [number, value])), numbers: new Map(values) });
    }
    for (const { name, fields } of files.flatMap((file) => file.messages)) {
      const types = fields.map((schema, index) => fieldType(schema, index, enums));
      const byName = new Map(types.map((type) => [type.schema.name, type]));
      for (const type of types) byName.set(type.jsonName, type);
      this.#types.set(name, {
        name,
        fields: types,
        byName,
        byNumber: new Map(types.map((type) => [type.schema.number, type])),
      });
    }
  }

  /** @throws Error when no file defines the type, which is a fault of the files */
  get(name: string): MessageType {
    const type = this.#types.get(name);
    if (type === undefined) throw new Error(`unknown message type ${name}`);
    return type;
  }
}

function fieldType(schema: FieldSchema, index: number, enums: ReadonlyMap<string, EnumValues>): FieldType {
  const common = { schema, index, jsonName: jsonName(schema) };
  if ("message" in schema) return { ...common, kind: "message" };
  if ("scalar" in schema) return { ...common, kind: schema.scalar };
  const values = enums.get(schema.enum);
  return { ...common, kind: "enum", ...(values && { values }) };
}
