import { type Binary, binaryOf, fromBase64, textOf, toBase64 } from "../../text/binary.js";

/** How a value is edited: as text whose lines end so, or as base64. */
export type EditForm = { readonly kind: "text"; readonly lineEnd: "\n" | "\r\n" } | { readonly kind: "base64" };

/**
 * The form that keeps every byte that the user does not change. A browser's field for text ends all lines with "\n", so
 * a text with other ends of lines, or with several kinds of them, would come back changed.
 */
export function editFormOf(value: Binary): EditForm {
  const text = textOf(value);
  if (text === undefined) return { kind: "base64" };
  if (!text.includes("\r")) return { kind: "text", lineEnd: "\n" };
  return /[\r\n]/.test(text.replaceAll("\r\n", "")) ? { kind: "base64" } : { kind: "text", lineEnd: "\r\n" };
}

/** The contents of the field for a value. */
export function fieldText(value: Binary, form: EditForm): string {
  return form.kind === "base64" ? toBase64(value) : (textOf(value) ?? "").replaceAll(form.lineEnd, "\n");
}

/** The value in a field; undefined when it is not base64. */
export function typedValue(typed: string, form: EditForm): Binary | undefined {
  if (form.kind === "text") return binaryOf(typed.replace(/\r\n?|\n/g, form.lineEnd));
  const plain = typed.replace(/\s+/g, "");
  const bytes = fromBase64(plain);
  return bytes === "" && plain !== "" ? undefined : bytes;
}
