import type { Message } from "./message.js";

/** Emits, for a message marked `[variant]`, the type of its content and the function that finds the content. */
export function emitVariant({ name, fields }: Message): string[] {
  const members = fields.filter(({ name: field, kind }) => kind.type === "message" && field !== "header");
  const variant = `${name}Variant`;
  return [
    "",
    `/** What ${article(name)} ${name} holds, by the name of its field. */`,
    `export type ${variant} =`,
    ...members.map(({ name: field, kind }, at) => {
      const type = kind.type === "message" ? kind.message.name : "never";
      return `  | { readonly case: "${field}"; readonly value: ${type} }${at === members.length - 1 ? ";" : ""}`;
    }),
    "",
    "/** The one field that is set; undefined when none is, or when it is one that this release does not know. */",
    `export function variantOf${name}(message: ${name}): ${variant} | undefined {`,
    ...members.map(
      ({ name: field }) =>
        `  if (message.${field} !== undefined) return { case: "${field}", value: message.${field} };`,
    ),
    "  return undefined;",
    "}",
  ];
}

function article(name: string): string {
  return /^[AEIOU]/.test(name) ? "an" : "a";
}
