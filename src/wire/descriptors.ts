import { type EnumSchema, type FieldSchema, type FileSchema, jsonName, type MessageSchema } from "./schema.js";

/** The .proto files for other languages: each as an encoded `google.protobuf.FileDescriptorProto`. */
export interface Descriptors {
  /** The file and everything that it imports, itself first; undefined when no file has that name. */
  file(name: string): readonly Uint8Array[] | undefined;
  /** Like `file`, for the file that defines a service, method, message, field, enum or enum value. */
  fileOfSymbol(symbol: string): readonly Uint8Array[] | undefined;
  isMessage(name: string): boolean;
}

/** The numbers of types in descriptors. */
const scalars = { double: 1, int64: 3, uint64: 4, int32: 5, bool: 8, string: 9, bytes: 12, uint32: 13 } as const;
const messageType = 11;
const enumType = 14;
const labels = { one: 1, repeated: 3 } as const;

export function describe(files: readonly FileSchema[]): Descriptors {
  const byName = new Map(files.map((file) => [file.name, file]));
  const bySymbol = new Map(files.flatMap((file) => symbolsOf(file).map((symbol) => [symbol, file] as const)));
  const messages = new Set(files.flatMap((file) => file.messages.map(({ name }) => name)));
  const withImports = (file: FileSchema | undefined): readonly Uint8Array[] | undefined => {
    if (file === undefined) return undefined;
    const all = new Set([file]);
    // A loop over a set also visits elements that are added during it.
    for (const { imports } of all) {
      for (const name of imports) {
        const imported = byName.get(name);
        if (imported !== undefined) all.add(imported);
      }
    }
    return [...all].map(fileDescriptor);
  };
  return {
    file: (name) => withImports(byName.get(name)),
    fileOfSymbol: (symbol) => withImports(bySymbol.get(symbol)),
    isMessage: (name) => messages.has(name),
  };
}

function symbolsOf({ services, messages, enums }: FileSchema): string[] {
  return [
    ...services.flatMap(({ name, methods }) => [name, ...methods.map((method) => `${name}.${method.name}`)]),
    ...messages.flatMap(({ name, fields }) => [name, ...fields.map((field) => `${name}.${field.name}`)]),
    // The values of an enum are its siblings in scope, not its children.
    ...enums.flatMap(({ name, values }) => [name, ...values.map(([value]) => `${scopeOf(name)}.${value}`)]),
  ];
}

function fileDescriptor(file: FileSchema): Uint8Array {
  const nested = (name: string) => file.messages.some((message) => message.name === scopeOf(name));
  return Buffer.concat([
    text(1, file.name),
    text(2, file.package),
    ...file.imports.map((name) => text(3, name)),
    ...file.messages.map((message) => part(4, messageDescriptor(message, file))),
    ...file.enums.filter(({ name }) => !nested(name)).map((type) => part(5, enumDescriptor(type))),
    ...file.services.map(({ name, methods }) =>
      part(6, [
        text(1, shortName(name)),
        ...methods.map((method) =>
          part(2, [
            text(1, method.name),
            text(2, `.${method.request}`),
            text(3, `.${method.response}`),
            ...(method.requestStream ? [number(5, 1)] : []),
            ...(method.responseStream ? [number(6, 1)] : []),
          ]),
        ),
      ]),
    ),
    text(12, "proto3"),
  ]);
}

function messageDescriptor({ name, fields }: MessageSchema, file: FileSchema): Buffer[] {
  const oneofs = [...new Set(fields.flatMap(({ oneof }) => (oneof === undefined ? [] : [oneof])))];
  const enums = file.enums.filter((type) => scopeOf(type.name) === name);
  return [
    text(1, shortName(name)),
    ...fields.map((field) => part(2, fieldDescriptor(field, oneofs))),
    ...enums.map((type) => part(4, enumDescriptor(type))),
    ...oneofs.map((oneof) => part(8, [text(1, oneof)])),
  ];
}

function fieldDescriptor(field: FieldSchema, oneofs: readonly string[]): Buffer[] {
  const named = "message" in field ? field.message : "enum" in field ? field.enum : undefined;
  return [
    text(1, field.name),
    number(3, field.number),
    number(4, field.repeated ? labels.repeated : labels.one),
    number(5, "message" in field ? messageType : "enum" in field ? enumType : scalars[field.scalar]),
    ...(named === undefined ? [] : [text(6, `.${named}`)]),
    ...(field.oneof === undefined ? [] : [number(9, oneofs.indexOf(field.oneof))]),
    text(10, jsonName(field)),
  ];
}

function enumDescriptor({ name, values }: EnumSchema): Buffer[] {
  return [text(1, shortName(name)), ...values.map(([value, is]) => part(2, [text(1, value), number(2, is)]))];
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function scopeOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function text(field: number, value: string): Buffer {
  return part(field, [Buffer.from(value)]);
}

function part(field: number, content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
