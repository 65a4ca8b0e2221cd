import type { Field } from "./field-list.js";

/** The most fields that are kept, and the most characters of one of them. */
const keptMax = 512;
const keptLengthMax = 200;
/**
 * Fields whose values differ between clients or between calls, so that keeping them gains nothing. Those of calls would
 * also drive out all others: a client that gives its calls deadlines sends another timeout with each.
 */
const unshared: ReadonlySet<string> = new Set([
  ...["authorization", "token", "cookie"],
  ...["grpc-timeout", "content-length", "traceparent", "tracestate", "grpc-trace-bin"],
]);

const kept = new Map<string, Field>();

/**
 * The field with the same texts that other connections use already, if there is one. Nearly all clients send the same
 * few fields, which ten thousand connections then have in common, instead of a kilobyte each.
 */
export function sharedField(field: Field): Field {
  const { name, value } = field;
  if (field.malformed || name.length + value.length > keptLengthMax || unshared.has(name)) return field;
  const text = `${name}\n${value}`;
  const known = kept.get(text);
  if (known !== undefined) return known;
  // A client may invent any number of fields. Those in use stay with their connections, and are kept again.
  if (kept.size >= keptMax) kept.clear();
  kept.set(text, field);
  return field;
}
