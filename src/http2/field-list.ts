/** A field of a header block; names are in lower case. Both are latin1: a character for each byte. */
export interface Field {
  readonly name: string;
  readonly value: string;
}

/** The fields of one request, in the order sent. */
export interface FieldList {
  readonly fields: readonly Field[];
  /** There were more than are taken; those beyond are missing. */
  readonly tooLong: boolean;
}

/** RFC 9113, 6.5.2 and RFC 7541, 4.1: what a field counts beyond its characters. */
export const fieldOverheadBytes = 32;

export function fieldBytes({ name, value }: Field): number {
  return name.length + value.length + fieldOverheadBytes;
}
