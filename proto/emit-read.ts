import {
  emitObject,
  isOptional,
  isPackable,
  type Message,
  numbersName,
  propertiesOf,
  readType,
  tagOf,
  wireType,
} from "./message.js";
import type { Field } from "./schema.js";

/** Emits the method `read` of a message, a loop over the fields in the order of their arrival. */
export function emitRead(message: Message): string[] {
  const skip = `reader.skip(reader.tag(), ${numbersName(message)})`;
  if (message.fields.length === 0) {
    return ["read(reader) {", `  while (reader.more()) ${skip};`, "  return {};", "},"];
  }
  const lines: string[] = [];
  for (const { name, zero, field } of propertiesOf(message)) {
    if (field === undefined) lines.push(`  let ${name}: ${message.out}["${name}"];`);
    else if (field.repeated) {
      const first = message.mergeable ? `base === undefined ? [] : [...base.${name}]` : "[]";
      lines.push(`  const ${name}: ${readType(field)}[] = ${first};`);
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

function emitReadField(field: Field): string[] {
  const { kind } = field;
  const packable = isPackable(field);
  if (kind.type === "message") {
    const inner = kind.message.name;
    if (field.recursive) return emitReadRecursive(field, inner);
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
  if (!packable) return [`case ${tagOf(field, wireType(kind))}:`, `  ${one}`, "  break;"];
  return [
    `case ${tagOf(field, wireType(kind))}:`,
    "  reader.countPart();",
    `  ${one}`,
    "  break;",
    `case ${tagOf(field, 2)}: {`,
    "  const outer = reader.open();",
    "  while (reader.more()) {",
    "    reader.countPart();",
    `    ${one}`,
    "  }",
    "  reader.close(outer);",
    "  break;",
    "}",
  ];
}

/**
 * Emits the read of a recursive field. It is read after its parent message, so that nesting does not use the call
 * stack.
 */
function emitReadRecursive(field: Field, inner: string): string[] {
  return [
    `case ${tagOf(field, 2)}: {`,
    `  const postponed = { case: "${field.name}" as const, value: ${inner}.decode(emptyBytes) };`,
    "  reader.postpone(() => {",
    `    postponed.value = ${inner}.read(reader);`,
    "  });",
    `  ${field.oneof} = postponed;`,
    "  break;",
    "}",
  ];
}

function assign(field: Field, value: string): string {
  if (field.repeated) return `${field.name}.push(${value});`;
  if (field.oneof !== undefined) return `${field.oneof} = { case: "${field.name}", value: ${value} };`;
  return `${field.name} = ${value};`;
}
