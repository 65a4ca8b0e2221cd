import type { FieldList } from "./field-list.js";

const colon = 0x3a;
const letterA = 0x61;

/** Each pseudo field of a request as a bit. Their names differ in the second letter. */
const bits = { method: bitOf("m"), scheme: bitOf("s"), authority: bitOf("a"), path: bitOf("p") } as const;
const requestFields: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path"]);
const ordinaryRequest = bits.method | bits.scheme | bits.path;
const connectRequest = bits.method | bits.authority;

/** The meaning of a request's fields for its stream. */
interface RequestForm {
  /** Whether the list can be a request's fields when a body follows, and when none does. */
  readonly withBody: boolean;
  readonly withoutBody: boolean;
  /** The length of the body, if the request declares it. */
  readonly bodyBytes: number | undefined;
}

/** Finds the forms of a connection's requests. Most clients repeat the fields of the last one, whose form is known. */
export class RequestForms {
  #kind: object | undefined;
  #last: RequestForm | undefined;

  of(list: FieldList): RequestForm {
    if (this.#last !== undefined && this.#kind === list.kind) return this.#last;
    const bodyBytes = declaredBytes(list);
    this.#kind = list.kind;
    this.#last = {
      withBody: isRequest(list, false),
      withoutBody: isRequest(list, true),
      bodyBytes: bodyBytes === "malformed" ? undefined : bodyBytes,
    };
    return this.#last;
  }
}

/** The most digits of a content length; a longer number would not be exact as a double. */
const lengthDigitsMax = 15;

/**
 * Whether the list can be a request's fields (RFC 9113, 8.3): each pseudo field at most once and before all others, and
 * none of the required ones missing or empty.
 *
 * @param endsStream no body follows
 */
function isRequest(list: FieldList, endsStream: boolean): boolean {
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
  // In a list that was cut, the missing fields may be behind the cut; such a request is refused for its length.
  if (list.tooLong) return true;
  // A CONNECT request has no scheme and no path (RFC 9113, 8.5).
  const complete = connects ? seen === connectRequest : (seen & ordinaryRequest) === ordinaryRequest;
  const bodyBytes = declaredBytes(list);
  return complete && bodyBytes !== "malformed" && !(endsStream && bodyBytes !== undefined && bodyBytes > 0);
}

/** Length of the body, if the request declares it; several fields must agree (RFC 9110, 8.6). */
function declaredBytes({ fields }: FieldList): number | undefined | "malformed" {
  let text: string | undefined;
  for (const { name, value } of fields) {
    if (name !== "content-length") continue;
    if (text !== undefined && text !== value) return "malformed";
    text = value;
  }
  if (text === undefined) return undefined;
  return /^[0-9]+$/.test(text) && text.length <= lengthDigitsMax ? Number(text) : "malformed";
}

/** Whether the list can follow a request's body. */
export function isTrailers({ fields, malformed }: FieldList): boolean {
  return !malformed && fields.every(({ name }) => name.charCodeAt(0) !== colon);
}

function bitOf(letter: string): number {
  return 1 << (letter.charCodeAt(0) - letterA);
}
