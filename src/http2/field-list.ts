/** A field of a header block; names are in lower case. Both are latin1: a character for each byte. */
export interface Field {
  readonly name: string;
  readonly value: string;
  /** Set on a received field whose name or value HTTP/2 forbids (RFC 9113, 8.2). */
  readonly malformed?: true;
  /** Set on a received field whose name is malformed, and on every field that repeats that name. */
  readonly badName?: true;
}

/** The fields of one request, in the order sent. */
export interface FieldList {
  readonly fields: readonly Field[];
  /** There were more than are taken; those beyond are missing. */
  readonly tooLong: boolean;
  /** One of all that came is. */
  readonly malformed: boolean;
}

/** RFC 9113, 6.5.2 and RFC 7541, 4.1: what a field counts beyond its characters. */
export const fieldOverheadBytes = 32;

export function fieldBytes({ name, value }: Field): number {
  return name.length + value.length + fieldOverheadBytes;
}

/** In lower case, with the colon of those that are not of HTTP/1.1. */
const fieldName = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
const fieldValue = /^[\t -~\x80-\xff]*$/;
const trailersOnly = /^(?:trailers)?$/i;

/** RFC 9113, 8.2.2: what speaks of a connection has no place among the fields of a stream. */
const connectionFields: ReadonlySet<string> = new Set([
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"],
]);

/** A field whose name came with it. Fields of the table are looked at once: they stay what they are found to be. */
export function fieldOfText(name: string, value: string): Field {
  if (!fieldName.test(name) || connectionFields.has(name)) return { name, value, malformed: true, badName: true };
  return isValueOf(name, value) ? { name, value } : { name, value, malformed: true };
}

/**
 * A field whose name is that of another. The name is not looked at again: three bytes can repeat one of thousands.
 */
export function fieldOfNamesake({ name, badName }: Field, value: string): Field {
  if (badName) return { name, value, malformed: true, badName };
  return isValueOf(name, value) ? { name, value } : { name, value, malformed: true };
}

function isValueOf(name: string, value: string): boolean {
  return fieldValue.test(value) && (name !== "te" || trailersOnly.test(value));
}
