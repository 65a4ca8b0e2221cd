import protobuf from "protobufjs";
import { commentOf } from "./marks.js";
import { fullName } from "./schema.js";

/** A .proto file with its name and its definitions. */
export interface ProtoFile {
  readonly name: string;
  readonly imports: readonly string[];
  readonly objects: readonly protobuf.ReflectionObject[];
}

const note = "// Written by `npm run generate` from proto/; changes belong there.";

/** Emits the files that the services need as data: names, numbers and types in the order of their declaration. */
export function emitSchema(files: readonly ProtoFile[]): string {
  const wanted = new Set<string>();
  const want = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const inner of files.find((file) => file.name === name)?.imports ?? []) want(inner);
  };
  for (const { name, objects } of files) {
    if (objects.some((object) => object instanceof protobuf.Service)) want(name);
  }
  const lines = files.filter(({ name }) => wanted.has(name)).flatMap(emitProtoFile);
  return [
    note,
    'import type { FileSchema } from "../schema.js";',
    "",
    "export const files: readonly FileSchema[] = [",
    ...lines.map((line) => `  ${line}`),
    "];",
    "",
  ].join("\n");
}

function emitProtoFile({ name, imports, objects }: ProtoFile): string[] {
  const types = objects.filter((object) => object instanceof protobuf.Type);
  const enums = objects.filter((object) => object instanceof protobuf.Enum);
  const nested = types.flatMap((type) => type.nestedArray.filter((inner) => inner instanceof protobuf.Enum));
  const services = objects.filter((object) => object instanceof protobuf.Service);
  const [first] = objects;
  return [
    "{",
    `  name: "${name}.proto",`,
    `  package: "${first?.parent === undefined || first.parent === null ? "" : fullName(first.parent)}",`,
    `  imports: [${imports.map((inner) => `"${inner}.proto"`).join(", ")}],`,
    ...list("enums", [...enums, ...nested].map(emitEnum)),
    ...list("messages", types.map(emitMessage)),
    ...list("services", services.map(emitService)),
    "},",
  ];
}

function list(name: string, items: readonly string[][]): string[] {
  if (items.length === 0) return [`  ${name}: [],`];
  return [`  ${name}: [`, ...items.flat().map((line) => `    ${line}`), "  ],"];
}

function emitEnum(type: protobuf.Enum): string[] {
  const values = Object.entries(type.values).map(([value, number]) => `  ["${value}", ${number}],`);
  return ["{", `  name: "${fullName(type)}",`, "  values: [", ...values.map((line) => `  ${line}`), "  ],", "},"];
}

function emitMessage(type: protobuf.Type): string[] {
  const head = ["{", `  name: "${fullName(type)}",`, ...emitComment(commentOf(type))];
  if (type.fieldsArray.length === 0) return [...head, "  fields: [],", "},"];
  return [
    ...head,
    "  fields: [",
    ...type.fieldsArray.map((field) => `    ${emitField(field.resolve())}`),
    "  ],",
    "},",
  ];
}

function emitField(field: protobuf.Field): string {
  const { resolvedType } = field;
  const parts = [`name: "${field.name}"`, `number: ${field.id}`];
  if (resolvedType instanceof protobuf.Type) parts.push(`message: "${fullName(resolvedType)}"`);
  else if (resolvedType !== null) parts.push(`enum: "${fullName(resolvedType)}"`);
  else parts.push(`scalar: "${field.type}"`);
  if (field.repeated) parts.push("repeated: true");
  if (field.partOf !== null) parts.push(`oneof: "${field.partOf.name}"`);
  return `{ ${parts.join(", ")} },`;
}

function emitComment(text: string | undefined): string[] {
  return text === undefined ? [] : [`  comment: ${JSON.stringify(text.replaceAll("\n", " "))},`];
}

function emitService(service: protobuf.Service): string[] {
  return [
    "{",
    `  name: "${fullName(service)}",`,
    "  methods: [",
    ...service.methodsArray.flatMap((method) => [
      "    {",
      `      name: "${method.name}",`,
      `      request: "${named(method.resolvedRequestType)}",`,
      `      response: "${named(method.resolvedResponseType)}",`,
      ...(method.requestStream === true ? ["      requestStream: true,"] : []),
      ...(method.responseStream === true ? ["      responseStream: true,"] : []),
      "    },",
    ]),
    "  ],",
    "},",
  ];
}

function named(type: protobuf.Type | null): string {
  return type === null ? "" : fullName(type);
}
