import { type Binary, fromBase64 } from "../text/binary.js";

/** A message in JSON, with field names in camelCase. A field with the value zero may be missing. */
export type Json = { readonly [name: string]: unknown };

/** A number. JSON has 64-bit numbers as strings; those of counters and revisions are below 2^53. */
export function numberOf(field: unknown): number {
  const number = Number(field ?? 0);
  return Number.isFinite(number) ? number : 0;
}

export function textField(field: unknown): string {
  return typeof field === "string" ? field : "";
}

/** A 64-bit id in decimal; `0` if it is missing. */
export function idField(field: unknown): string {
  return typeof field === "string" || typeof field === "number" ? String(field) : "0";
}

export function flagOf(field: unknown): boolean {
  return field === true;
}

export function binaryField(field: unknown): Binary {
  return typeof field === "string" ? fromBase64(field) : "";
}

export function objectOf(field: unknown): Json {
  return typeof field === "object" && field !== null && !Array.isArray(field) ? (field as Json) : {};
}

export function listOf(field: unknown): readonly Json[] {
  return Array.isArray(field) ? field.map(objectOf) : [];
}

export function textsOf(field: unknown): readonly string[] {
  return Array.isArray(field) ? field.map(textField) : [];
}

/** The same JSON with `create_revision` written as `createRevision`. */
export function inCamelCase(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(inCamelCase);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, field]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      inCamelCase(field),
    ]),
  );
}
