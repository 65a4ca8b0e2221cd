import protobuf from "protobufjs";
import { emitRead } from "./emit-read.js";
import { emitVariant } from "./emit-variant.js";
import { emitWrite } from "./emit-write.js";
import { commentOf, hasMark } from "./marks.js";
import { emitObject, itemType, type Message, messageOf, numbersName, propertiesOf, typeOf } from "./message.js";
import { enumName, fullName, isEncodable } from "./schema.js";

/** The lines of a generated file, and the imports that they need. */
export interface Emitted {
  readonly lines: readonly string[];
  /** The used message types of other files. */
  readonly messages: ReadonlySet<protobuf.Type>;
  /** The used names of src/wire/protobuf.ts. */
  readonly names: ReadonlySet<string>;
}

/** Emits the enums, messages and services of a .proto file as TypeScript. */
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
      lines.push("", ...emitMessage(type, proto2, used));
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

/** The messages and names that a generated file uses, while it is emitted. */
interface Used {
  readonly messages: Set<protobuf.Type>;
  readonly names: Set<string>;
}

function emitMessage(type: protobuf.Type, proto2: boolean, used: Used): string[] {
  const message = messageOf(type, proto2);
  for (const { kind } of message.fields) {
    if (kind.type !== "message") continue;
    used.messages.add(kind.message);
    if (kind.encodable) used.names.add("Encodable");
  }
  const codec = isEncodable(type) ? "EncodableCodec" : "Codec";
  used.names.add(codec).add("FieldNumbers");
  if (message.out !== message.name) used.names.add("Decoded");
  const { name, out } = message;
  return [
    ...comment(commentOf(type), ""),
    ...emitInterface(message),
    "",
    `const ${numbersName(message)}: FieldNumbers = {`,
    `  message: "${fullName(type)}",`,
    ...emitNumbers(message.fields.map((field) => field.number)),
    "};",
    "",
    `export const ${name}: ${codec}<${out === name ? name : `${name}, ${out}`}> = {`,
    ...[
      ...emitCreate(message),
      ...emitCodec(message, isEncodable(type), used),
      ...emitRead(message),
      ...emitWrite(message),
    ].map((line) => (line === "" ? "" : `  ${line}`)),
    "};",
    ...(hasMark(type, "variant") ? emitVariant(message) : []),
  ];
}

function emitNumbers(numbers: readonly number[]): string[] {
  if (numbers.length <= 20) return [`  numbers: [${numbers.join(", ")}],`];
  const lines: string[] = [];
  for (let at = 0; at < numbers.length; at += 16) lines.push(`    ${numbers.slice(at, at + 16).join(", ")},`);
  return ["  numbers: [", ...lines, "  ],"];
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

function emitCreate(message: Message): string[] {
  if (message.fields.length === 0) return ["create() {", "  return {};", "},"];
  const all = propertiesOf(message);
  const defaults = all.map(({ name, zero }) => (zero === "undefined" ? `${name},` : `${name} = ${zero},`));
  return [
    "create({",
    ...defaults.map((line) => `  ${line}`),
    `}: Partial<${message.name}> = {}) {`,
    ...emitObject(message),
    "},",
  ];
}

function emitCodec(message: Message, encodable: boolean, used: Used): string[] {
  const { name } = message;
  if (encodable) used.names.add("asEncoded");
  return [
    "encode(message) {",
    "  const writer = sharedWriter.start();",
    `  ${name}.write(writer, message);`,
    `  return ${finished(message, encodable)};`,
    "},",
    "decode(bytes) {",
    ...emitDecode(message),
    "},",
    ...(encodable ? ["encoded(bytes) {", "  return asEncoded(bytes);", "},"] : []),
  ];
}

function finished({ name, recursive }: Message, encodable: boolean): string {
  if (recursive) return `writer.cut ? writer.finishCut(${name}.write, message) : writer.finish()`;
  return encodable ? "asEncoded(writer.finish())" : "writer.finish()";
}

function emitDecode({ name, recursive }: Message): string[] {
  if (!recursive) return [`  return ${name}.read(new Reader(bytes));`];
  return [
    "  const reader = new Reader(bytes);",
    `  const message = ${name}.read(reader);`,
    "  reader.readPostponed();",
    "  return message;",
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
