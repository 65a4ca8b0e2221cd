/** A field of a header block; its name is in lower case. Both texts are latin1: one character for each byte. */
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
  /** The list was longer than allowed; the fields beyond the bound are missing. */
  readonly tooLong: boolean;
  /** At least one received field is malformed. */
  readonly malformed: boolean;
  /**
   * The same object for lists that follow each other on a connection and differ in nothing but the timeouts of their
   * calls. A conclusion from the other fields of one list holds for the next.
   */
  readonly kind: object;
}

/** The field that differs between the calls of a client that are alike otherwise. */
const timeoutName = "grpc-timeout";

/** Compares the fields of two lists in their order. */
export function compareFields(one: readonly Field[], other: readonly Field[]): "same" | "another timeout" | "other" {
  if (one.length !== other.length) return "other";
  let result: "same" | "another timeout" = "same";
  for (let at = 0; at < one.length; at++) {
    if (one[at] === other[at]) continue;
    if (one[at]?.name !== timeoutName || other[at]?.name !== timeoutName) return "other";
    result = "another timeout";
  }
  return result;
}

/** Bytes that a field counts beside its characters (RFC 9113, 6.5.2 and RFC 7541, 4.1). */
export const fieldOverheadBytes = 32;

export function fieldBytes({ name, value }: Field): number {
  return name.length + value.length + fieldOverheadBytes;
}

/** Valid names: lower case; pseudo fields begin with a colon. */
const fieldName = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
const fieldValue = /^[\t -~\x80-\xff]*$/;
const trailersOnly = /^(?:trailers)?$/i;

/** Fields about the connection, which are not allowed in a stream (RFC 9113, 8.2.2). */
const connectionFields: ReadonlySet<string> = new Set([
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"],
]);

/**
 * Creates a field with a literal name. Fields of the table are checked once, when they are created.
 *
 * @param plain whether the value is known to have no control characters
 */
export function fieldOfText(name: string, value: string, plain = false): Field {
  if (!fieldName.test(name) || connectionFields.has(name)) return { name, value, malformed: true, badName: true };
  return isValueOf(name, value, plain) ? { name, value } : { name, value, malformed: true };
}

/**
 * Creates a field with the name of an existing one. The name is not checked again: three bytes may repeat a name of
 * thousands.
 */
export function fieldOfNamesake({ name, badName }: Field, value: string, plain = false): Field {
  if (badName) return { name, value, malformed: true, badName };
  return isValueOf(name, value, plain) ? { name, value } : { name, value, malformed: true };
}

function isValueOf(name: string, value: string, plain: boolean): boolean {
  return (plain || fieldValue.test(value)) && (name !== "te" || trailersOnly.test(value));
}
