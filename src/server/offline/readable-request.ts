/** Names of fields whose values are never shown. */
const secrets = /password|token/i;

/** Requests may be nested as deep as a client likes. */
const depthMax = 32;

/** A value that JSON can hold. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/**
 * A decoded message as plain values, without fields that are zero. Bytes become text if they are UTF-8, and otherwise
 * `{"base64": "..."}`; ids become hexadecimal text.
 *
 * @param values whether to show bytes that are no keys, instead of their number
 */
export function plainMessage(message: object, values: boolean, depth = 0): Plain {
  if (depth > depthMax) return "...";
  const fields: Record<string, Plain> = {};
  for (const [name, value] of Object.entries(message)) {
    if (secrets.test(name) || isZero(value)) continue;
    // A oneof names its field in `case`.
    if (typeof value === "object" && value !== null && "case" in value && "value" in value) {
      fields[String(value.case)] = plain(value.value, values, depth + 1);
    } else if (value instanceof Uint8Array && !values) fields[`${name}Bytes`] = value.length;
    else fields[name] = plain(value, values, depth + 1);
  }
  return fields;
}

function plain(value: unknown, values: boolean, depth: number): Plain {
  if (typeof value === "string") return plainKey(value);
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return BigInt.asUintN(64, value).toString(16);
  if (value instanceof Uint8Array) return values ? plainBytes(value) : { bytes: value.length };
  if (Array.isArray(value)) return value.map((item) => plain(item, values, depth + 1));
  if (typeof value === "object" && value !== null) return plainMessage(value, values, depth);
  return null;
}

/** A key is a string with one character for each byte; names and texts may have other characters. */
export function plainKey(key: string): Plain {
  return /[^\0-\xff]/.test(key) ? key : plainBytes(Buffer.from(key, "latin1"));
}

export function plainBytes(bytes: Uint8Array): Plain {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : { base64: Buffer.from(bytes).toString("base64") };
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return value === undefined || value === "" || value === 0 || value === 0n || value === false;
}
