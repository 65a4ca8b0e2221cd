/** Bytes as a string with one character per byte. Keys in this form sort as the server sorts them. */
export type Binary = string;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function binaryOf(text: string): Binary {
  return fromBytes(encoder.encode(text));
}

/** The text whose UTF-8 encoding is `binary`; undefined if there is none. */
export function textOf(binary: Binary): string | undefined {
  try {
    return decoder.decode(toBytes(binary));
  } catch {
    return undefined;
  }
}

export function toBytes(binary: Binary): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function fromBytes(bytes: Uint8Array): Binary {
  let binary = "";
  // A call takes a limited number of arguments.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return binary;
}

export function toBase64(binary: Binary): string {
  return btoa(binary);
}

/** @param base64 undefined, or what is not base64, gives no bytes */
export function fromBase64(base64: string | undefined): Binary {
  try {
    return atob(base64 ?? "");
  } catch {
    return "";
  }
}

/** The range of all keys that begin with `prefix`, as etcd's clients write it. */
export function prefixRange(prefix: Binary): { readonly key: Binary; readonly rangeEnd: Binary } {
  return { key: firstKey(prefix), rangeEnd: prefixEnd(prefix) };
}

/** The key at which the range of a prefix begins: no request may name the empty key. */
function firstKey(prefix: Binary): Binary {
  return prefix === "" ? "\x00" : prefix;
}

/** The first key behind all keys that begin with `prefix`; a zero byte stands for the end of all keys. */
export function prefixEnd(prefix: Binary): Binary {
  const last = prefix.search(/[^\xff]\xff*$/);
  if (last < 0) return "\x00";
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

/** A key for people: its text, where control characters and bytes that are not UTF-8 are written as `\xNN`. */
export function shownKey(key: Binary): string {
  return shownParts(key)
    .map(({ text }) => text)
    .join("");
}

/** The parts of a key for people. `escaped` parts are written as `\xNN`. */
export function shownParts(key: Binary): readonly { readonly text: string; readonly escaped: boolean }[] {
  const parts: { text: string; escaped: boolean }[] = [];
  const add = (text: string, escaped: boolean): void => {
    const last = parts.at(-1);
    if (last?.escaped === escaped) last.text += text;
    else parts.push({ text, escaped });
  };
  for (let at = 0; at < key.length; ) {
    const length = characterLength(key, at);
    const character = length === 0 ? undefined : textOf(key.slice(at, at + length));
    if (character === undefined || isUnprintable(character)) {
      for (const byte of key.slice(at, at + Math.max(length, 1))) add(escapeByte(byte), true);
    } else add(character, false);
    at += Math.max(length, 1);
  }
  return parts;
}

/** The bytes of a key as somebody types it: UTF-8, where `\xNN` is one byte and `\\` a backslash. */
export function bytesOfTyped(typed: string): Binary {
  return typed
    .split(/(\\x[0-9a-fA-F]{2}|\\\\)/)
    .map((part, at) => {
      if (at % 2 === 0) return binaryOf(part);
      return part === "\\\\" ? "\\" : String.fromCharCode(Number.parseInt(part.slice(2), 16));
    })
    .join("");
}

/** The text to type into a field for `key`; the inverse of `bytesOfTyped`. */
export function typedForm(key: Binary): string {
  return shownParts(key)
    .map(({ text, escaped }) => (escaped ? text : text.replace(/\\(?=\\|x[0-9a-fA-F]{2}|$)/g, "\\\\")))
    .join("");
}

/** The length in bytes of the UTF-8 character that begins at `at`; 0 if none does. */
function characterLength(binary: Binary, at: number): number {
  const lead = binary.charCodeAt(at);
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  return at + length <= binary.length && (length < 2 || textOf(binary.slice(at, at + length)) !== undefined)
    ? length
    : 0;
}

/** Control characters, and marks that turn text around or take no room: they could make a key look like another. */
function isUnprintable(character: string): boolean {
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}]/u.test(character);
}

function escapeByte(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
