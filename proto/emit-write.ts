import { isPackable, type Message, tagOf, types, wireType } from "./message.js";
import type { Field } from "./schema.js";

/** Emits the method `write` of a message, from the last field to the first, since the writer works backwards. */
export function emitWrite(message: Message): string[] {
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
    if (isPackable(field) && field.packed) {
      const method = kind.type === "double" ? "packedDouble" : "packedInt32";
      return [`if (${value}.length > 0) writer.${method}(${tagOf(field, 2)}, ${value});`];
    }
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
  const { name } = kind.message;
  const whole = [
    "const before = writer.written();",
    field.recursive ? `writer.nested(${name}.write, ${value});` : `${name}.write(writer, ${value});`,
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
