import type { FieldList } from "./field-list.js";

const colon = 0x3a;
const letterA = 0x61;

/** What a request's pseudo fields are, each as a bit. Their names differ in their second letters. */
const bits = { method: bitOf("m"), scheme: bitOf("s"), authority: bitOf("a"), path: bitOf("p") } as const;
const requestFields: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);
const ordinaryRequest = bits.method | bits.scheme | bits.path;
const connectRequest = bits.method | bits.authority;

/** Requests longer than this say nothing that can be compared: no double counts so far. */
const lengthDigitsMax = 15;

/**
 * Whether these can be a request's fields (RFC 9113, 8.3): each pseudo field once, before all others, none of those
 * that every request has missing or empty.
 *
 * @param endsStream no body follows
 */
export function isRequest(list: FieldList, endsStream: boolean): boolean {
  if (list.malformed) return false;
  let ordinary = false;
  let connects = false;
  let seen = 0;
  for (const { name, value } of list.fields) {
    if (name.charCodeAt(0) !== colon) {
      ordinary = true;
      continue;
    }
    if (ordinary || !requestFields.has(name) || (value === "" && name !== ":authority")) return false;
    const bit = 1 << (name.charCodeAt(1) - letterA);
    if ((seen & bit) !== 0) return false;
    seen |= bit;
    if (bit === bits.method && value === "CONNECT") connects = true;
  }
  // What is missing of a list that was cut may have been behind the cut: it is refused for its length.
  if (list.tooLong) return true;
  // RFC 9113, 8.5: a tunnel has no scheme and no path.
  const complete = connects ? seen === connectRequest : (seen & ordinaryRequest) === ordinaryRequest;
  const bodyBytes = declaredBytes(list);
  return complete && bodyBytes !== "malformed" && !(endsStream && bodyBytes !== undefined && bodyBytes > 0);
}

/** How long the body will be, if the request says so; several fields must agree (RFC 9110, 8.6). */
export function declaredBytes({ fields }: FieldList): number | undefined | "malformed" {
  let text: string | undefined;
  for (const { name, value } of fields) {
    if (name !== "content-length") continue;
    if (text !== undefined && text !== value) return "malformed";
    text = value;
  }
  if (text === undefined) return undefined;
  return /^[0-9]+$/.test(text) && text.length <= lengthDigitsMax ? Number(text) : "malformed";
}

/** Whether these can come after a request's body. */
export function isTrailers({ fields, malformed }: FieldList): boolean {
  return !malformed && fields.every(({ name }) => name.charCodeAt(0) !== colon);
}

function bitOf(letter: string): number {
  return 1 << (letter.charCodeAt(0) - letterA);
}
