import protobuf from "protobufjs";
import {
  enumName,
  type Field,
  fieldsOf,
  fullName,
  isEncodable,
  isMergeable,
  type Kind,
  type Scalar,
} from "./schema.js";

/** One generated file: lines, and what they need from elsewhere. */
export interface Emitted {
  readonly lines: readonly string[];
  /** Message types that other files hold. */
  readonly messages: ReadonlySet<protobuf.Type>;
  /** Names out of src/wire/protobuf.ts. */
  readonly names: ReadonlySet<string>;
}

/** The enums, messages and services of one .proto file, as TypeScript. */
export function emitFile(types: readonly protobuf.ReflectionObject[], proto2: boolean): Emitted {
  const lines: string[] = [];
  const used = { messages: new Set<protobuf.Type>(), names: new Set<string>() };
  const services = types.filter((type) => type instanceof protobuf.Service);
  for (const type of types) {
    if (type instanceof protobuf.Enum) lines.push("", ...emitEnum(type));
    if (type instanceof protobuf.Type) {
      for (const nested of type.nestedArray) {
        if (nested instanceof protobuf.Enum) lines.push("", ...emitEnum(nested));
      }
      lines.push("", ...emitMessage(type, fieldsOf(type, proto2), used));
    }
  }
  if (services.length > 0) lines.push("", ...emitServices(services));
  return { lines, ...used };
}

function emitEnum(type: protobuf.Enum): string[] {
  const name = enumName(type);
  return [
    ...comment(type.comment, ""),
    `export const ${name} = {`,
    ...Object.entries(type.values).flatMap(([value, number]) => [
      ...comment(type.comments[value], "  "),
      `  ${value}: ${number},`,
    ]),
    "} as const;",
    "/** Open: a number that is not listed stays as it came. */",
    `export type ${name} = number;`,
  ];
}

/** What a file turned out to use. */
interface Used {
  readonly messages: Set<protobuf.Type>;
  readonly names: Set<string>;
}

/** A message being emitted. */
interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
  /** By name, in the order of their numbers. */
  readonly oneofs: ReadonlyMap<string, readonly Field[]>;
  /** The type that reading yields. */
  readonly out: string;
  /** Reading may go on from an earlier part of the same message. */
  readonly mergeable: boolean;
}

function emitMessage(type: protobuf.Type, fields: readonly Field[], used: Used): string[] {
  const oneofs = new Map<string, Field[]>();
  for (const field of fields) {
    if (field.kind.type === "message") {
      used.messages.add(field.kind.message);
      if (field.kind.encodable) used.names.add("Encodable");
    }
    if (field.oneof !== undefined) oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), field]);
  }
  const out = outType(type);
  const narrows = out !== type.name;
  const message = { name: type.name, fields, oneofs, out, mergeable: isMergeable(type) };
  const codec = isEncodable(type) ? "EncodableCodec" : "Codec";
  used.names.add(codec).add("FieldNumbers");
  if (narrows) used.names.add("Decoded");
  const { name } = message;
  return [
    ...comment(type.comment, ""),
    ...emitInterface(message),
    "",
    `const ${numbersName(message)}: FieldNumbers = {`,
    `  message: "${fullName(type)}",`,
    `  numbers: [${fields.map((field) => field.number).join(", ")}],`,
    "};",
    "",
    `export const ${name}: ${codec}<${narrows ? `${name}, ${out}` : name}> = {`,
    ...[
      ...emitCreate(message),
      ...emitCodec(message, isEncodable(type), used),
      ...emitRead(message),
      ...emitWrite(message),
    ].map((line) => (line === "" ? "" : `  ${line}`)),
    "};",
  ];
}

/** The type that reading yields: narrower than the message's own where that admits encoded parts. */
function outType(type: protobuf.Type): string {
  return holdsEncodable(type, new Set()) ? `Decoded<${type.name}>` : type.name;
}

/** Does an encodable field lie anywhere inside of it? */
function holdsEncodable(type: protobuf.Type, seen: Set<protobuf.Type>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return type.fieldsArray.some((field) => {
    const inner = field.resolve().resolvedType;
    return inner instanceof protobuf.Type && (isEncodable(inner) || holdsEncodable(inner, seen));
  });
}

function numbersName(message: Message): string {
  return `fieldsOf${message.name}`;
}

function emitInterface(message: Message): string[] {
  if (message.fields.length === 0) return [`export type ${message.name} = Readonly<Record<string, never>>;`];
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const field of message.fields) {
    if (field.oneof === undefined) {
      lines.push(...comment(field.comment, "  "), `  readonly ${field.name}: ${typeOf(field)};`);
    } else if (!seen.has(field.oneof)) {
      seen.add(field.oneof);
      lines.push(`  readonly ${field.oneof}:`);
      for (const member of message.oneofs.get(field.oneof) ?? []) {
        lines.push(`    | { readonly case: "${member.name}"; readonly value: ${itemType(member.kind)} }`);
      }
      lines.push("    | undefined;");
    }
  }
  return [`export interface ${message.name} {`, ...lines, "}"];
}

const types: Record<Scalar, { readonly type: string; readonly zero: string; readonly written: string }> = {
  bool: { type: "boolean", zero: "false", written: "" },
  int32: { type: "number", zero: "0", written: " !== 0" },
  uint32: { type: "number", zero: "0", written: " !== 0" },
  int53: { type: "number", zero: "0", written: " !== 0" },
  uint53: { type: "number", zero: "0", written: " !== 0" },
  int64: { type: "bigint", zero: "0n", written: " !== 0n" },
  uint64: { type: "bigint", zero: "0n", written: " !== 0n" },
  string: { type: "string", zero: '""', written: ' !== ""' },
  key: { type: "Key", zero: '""', written: ' !== ""' },
  bytes: { type: "Uint8Array", zero: "emptyBytes", written: ".length > 0" },
};

function itemType(kind: Kind): string {
  if (kind.type !== "message") return kind.enum ?? types[kind.type].type;
  return kind.encodable ? `Encodable<${kind.message.name}>` : kind.message.name;
}

function typeOf(field: Field): string {
  if (field.repeated) return `readonly ${itemType(field.kind)}[]`;
  return isOptional(field) ? `${itemType(field.kind)} | undefined` : itemType(field.kind);
}

function isOptional(field: Field): boolean {
  return field.kind.type === "message" || field.nullable;
}

function zeroOf(field: Field): string {
  if (field.repeated) return "[]";
  return field.kind.type === "message" || field.nullable ? "undefined" : types[field.kind.type].zero;
}

/** Fields, and each oneof once, in order. */
function properties(message: Message): { name: string; zero: string; field: Field | undefined }[] {
  const seen = new Map<string, { name: string; zero: string; field: Field | undefined }>();
  for (const field of message.fields) {
    const name = field.oneof ?? field.name;
    const own = field.oneof === undefined ? field : undefined;
    if (!seen.has(name)) seen.set(name, { name, zero: own === undefined ? "undefined" : zeroOf(own), field: own });
  }
  return [...seen.values()];
}

function emitCreate(message: Message): string[] {
  if (message.fields.length === 0) return ["create() {", "  return {};", "},"];
  const all = properties(message);
  const defaults = all.map(({ name, zero }) => (zero === "undefined" ? `${name},` : `${name} = ${zero},`));
  return [
    "create({",
    ...defaults.map((line) => `  ${line}`),
    `}: Partial<${message.name}> = {}) {`,
    ...emitObject(message),
    "},",
  ];
}

function emitObject(message: Message): string[] {
  const names = properties(message).map(({ name }) => name);
  const short = `  return { ${names.join(", ")} };`;
  if (short.length <= 100) return [short];
  return ["  return {", ...names.map((name) => `    ${name},`), "  };"];
}

function emitCodec(message: Message, encodable: boolean, used: Used): string[] {
  const { name } = message;
  if (encodable) used.names.add("asEncoded");
  const finished = encodable ? "asEncoded(writer.finish())" : "writer.finish()";
  return [
    "encode(message) {",
    "  const writer = sharedWriter.start();",
    `  ${name}.write(writer, message);`,
    `  return ${finished};`,
    "},",
    "decode(bytes) {",
    `  return ${name}.read(new Reader(bytes));`,
    "},",
    ...(encodable ? ["encoded(bytes) {", "  return asEncoded(bytes);", "},"] : []),
  ];
}

function emitRead(message: Message): string[] {
  const skip = `reader.skip(reader.tag(), ${numbersName(message)})`;
  if (message.fields.length === 0) {
    return ["read(reader) {", `  while (reader.more()) ${skip};`, "  return {};", "},"];
  }
  const lines: string[] = [];
  for (const { name, zero, field } of properties(message)) {
    if (field === undefined) lines.push(`  let ${name}: ${message.out}["${name}"];`);
    else if (field.repeated) {
      const item = field.kind.type === "message" ? outType(field.kind.message) : readType(field);
      lines.push(
        `  const ${name}: ${item}[] = ${message.mergeable ? `base === undefined ? [] : [...base.${name}]` : "[]"};`,
      );
    } else if (message.mergeable) lines.push(`  let ${name} = base === undefined ? ${zero} : base.${name};`);
    else lines.push(`  let ${name}${isOptional(field) ? `: ${readType(field)} | undefined` : ` = ${zero}`};`);
  }
  return [
    message.mergeable ? "read(reader, base) {" : "read(reader) {",
    ...lines,
    "  while (reader.more()) {",
    "    const tag = reader.tag();",
    "    switch (tag) {",
    ...message.fields.flatMap(emitReadField).map((line) => `      ${line}`),
    "      default:",
    `        reader.skip(tag, ${numbersName(message)});`,
    "    }",
    "  }",
    ...emitObject(message),
    "},",
  ];
}

function readType(field: Field): string {
  return field.kind.type === "message" ? field.kind.message.name : types[field.kind.type].type;
}

function emitReadField(field: Field): string[] {
  const { kind } = field;
  const packable = field.repeated && wireType(kind) === 0;
  if (kind.type === "message") {
    const inner = kind.message.name;
    const merge = !field.repeated && field.oneof === undefined ? `reader, ${field.name}` : "reader";
    return [
      `case ${tagOf(field, 2)}: {`,
      "  const outer = reader.open();",
      `  ${assign(field, `${inner}.read(${merge})`)}`,
      "  reader.close(outer);",
      "  break;",
      "}",
    ];
  }
  const one = assign(field, `reader.${kind.type}()`);
  const single = [`case ${tagOf(field, wireType(kind))}:`, `  ${one}`, "  break;"];
  if (!packable) return single;
  return [
    ...single,
    `case ${tagOf(field, 2)}: {`,
    "  const outer = reader.open();",
    `  while (reader.more()) ${one}`,
    "  reader.close(outer);",
    "  break;",
    "}",
  ];
}

function assign(field: Field, value: string): string {
  if (field.repeated) return `${field.name}.push(${value});`;
  if (field.oneof !== undefined) return `${field.oneof} = { case: "${field.name}", value: ${value} };`;
  return `${field.name} = ${value};`;
}

function wireType(kind: Kind): number {
  return kind.type === "message" || kind.type === "string" || kind.type === "key" || kind.type === "bytes" ? 2 : 0;
}

function tagOf(field: Field, type: number): number {
  return field.number * 8 + type;
}

/** From the last field to the first, as the writer works. A oneof stands where its highest number does. */
function emitWrite(message: Message): string[] {
  if (message.fields.length === 0) return ["write() {},"];
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const field of [...message.fields].reverse()) {
    if (field.oneof === undefined) lines.push(...emitWriteField(field));
    else if (!seen.has(field.oneof)) {
      seen.add(field.oneof);
      lines.push(...emitWriteOneof(field.oneof, message.oneofs.get(field.oneof) ?? []));
    }
  }
  return ["write(writer, message) {", ...lines.map((line) => `  ${line}`), "},"];
}

function emitWriteOneof(oneof: string, members: readonly Field[]): string[] {
  return [
    `const { ${oneof} } = message;`,
    `if (${oneof} !== undefined) {`,
    `  switch (${oneof}.case) {`,
    ...members.flatMap((field) => [
      `    case "${field.name}": {`,
      ...writeValue(field, `${oneof}.value`).map((line) => `      ${line}`),
      "      break;",
      "    }",
    ]),
    "  }",
    "}",
  ];
}

function emitWriteField(field: Field): string[] {
  const value = `message.${field.name}`;
  const { kind } = field;
  if (field.repeated) {
    if (wireType(kind) === 0 && field.packed)
      return [`if (${value}.length > 0) writer.packedInt32(${tagOf(field, 2)}, ${value});`];
    return [
      `for (let i = ${value}.length - 1; i >= 0; i--) {`,
      `  const item = ${value}[i];`,
      "  if (item === undefined) continue;",
      ...writeValue(field, "item").map((line) => `  ${line}`),
      "}",
    ];
  }
  if (kind.type === "message") {
    if (field.always) return block(writeValue(field, `(${value} ?? ${kind.message.name}.create())`));
    return [`if (${value} !== undefined) {`, ...writeValue(field, value).map((line) => `  ${line}`), "}"];
  }
  const write = writeValue(field, value).join("");
  if (field.always) return [write];
  return [`if (${value}${field.nullable ? " !== undefined" : types[kind.type].written}) ${write}`];
}

function block(lines: readonly string[]): string[] {
  return ["{", ...lines.map((line) => `  ${line}`), "}"];
}

function writeValue(field: Field, value: string): string[] {
  const { kind } = field;
  if (kind.type !== "message") {
    const method = kind.type === "uint64" ? "int64" : kind.type === "uint53" ? "int53" : kind.type;
    return [`writer.${method}(${tagOf(field, wireType(kind))}, ${value});`];
  }
  const whole = [
    "const before = writer.written();",
    `${kind.message.name}.write(writer, ${value});`,
    `writer.close(${tagOf(field, 2)}, before);`,
  ];
  if (!kind.encodable) return whole;
  return [
    `if (${value} instanceof Uint8Array) writer.bytes(${tagOf(field, 2)}, ${value});`,
    "else {",
    ...whole.map((line) => `  ${line}`),
    "}",
  ];
}

function emitServices(services: readonly protobuf.Service[]): string[] {
  return [
    "/** Every method by the full name of its service, with what a transport needs to carry it. */",
    "export const services = {",
    ...services.flatMap((service) => [
      `  "${fullName(service)}": {`,
      ...service.methodsArray.flatMap((method) => [
        `    ${method.name}: {`,
        `      path: "/${fullName(service)}/${method.name}",`,
        `      requestStream: ${method.requestStream === true},`,
        `      responseStream: ${method.responseStream === true},`,
        `      request: ${method.resolvedRequestType?.name},`,
        `      response: ${method.resolvedResponseType?.name},`,
        "    },",
      ]),
      "  },",
    ]),
    "} as const;",
  ];
}

function comment(text: string | null | undefined, indent: string): string[] {
  if (text === null || text === undefined) return [];
  const words = text.split("\n");
  if (words.length === 1) return [`${indent}/** ${text} */`];
  return [`${indent}/**`, ...words.map((line) => `${indent} * ${line}`), `${indent} */`];
}
