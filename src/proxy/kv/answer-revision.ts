import { occurrencesOf, ResponseHeader } from "../../wire/index.js";

/** The number of the field `header`, the first field of every answer. */
const headerField = 1;

/** The store's revision in the header of an encoded answer; 0 without a header. Nothing else is decoded. */
export function revisionOf(answer: Uint8Array): number {
  for (const header of occurrencesOf(headerField, answer)) return ResponseHeader.decode(header).revision;
  return 0;
}
