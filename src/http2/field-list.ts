/** A field of a header block; names are in lower case. Both are latin1: a character for each byte. */
export interface Field {
  readonly name: string;
  readonly value: string;
  /** Of one that came: a name or a value that none may have (RFC 9113, 8.2). */
  readonly malformed?: true;
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

const colon = 0x3a;
const letterA = 0x61;

export function fieldBytes({ name, value }: Field): number {
  return name.length + value.length + fieldOverheadBytes;
}

/** In lower case, with the colon of those that are not of HTTP/1.1. */
const fieldName = /^:?[!#$%&'*+.^_`|~0-9a-z-]+$/;
const fieldValue = /^[\t -~\x80-\xff]*$/;

/** RFC 9113, 8.2.2: what speaks of a connection has no place among the fields of a stream. */
const connectionFields: ReadonlySet<string> = new Set([
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"],
]);

/** A field that came. Those that come again are looked at once: they stay in a table as what they are found to be. */
export function fieldOfText(name: string, value: string): Field {
  const wellFormed = fieldName.test(name) && fieldValue.test(value) && !connectionFields.has(name);
  return wellFormed ? { name, value } : { name, value, malformed: true };
}

const requestFields: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);

/** Whether these can be a request's (RFC 9113, 8.3): what is missing is for whoever takes it to say. */
export function isRequest({ fields, malformed }: FieldList): boolean {
  if (malformed) return false;
  let ordinary = false;
  let seen = 0;
  for (const { name } of fields) {
    if (name.charCodeAt(0) === colon) {
      if (ordinary || !requestFields.has(name)) return false;
      // The names differ in their second letters.
      const bit = 1 << (name.charCodeAt(1) - letterA);
      if ((seen & bit) !== 0) return false;
      seen |= bit;
    } else ordinary = true;
  }
  return true;
}

/** Whether these can come after a request's body. */
export function isTrailers({ fields, malformed }: FieldList): boolean {
  return !malformed && fields.every(({ name }) => name.charCodeAt(0) !== colon);
}
