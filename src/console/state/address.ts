import type { Binary } from "../text/binary.js";

/** A place in the page, as the part of the URL behind `#` names it: `#/keys?prefix=app/&revision=7`. */
export interface Place {
  /** The path of a view; empty for the first one. */
  readonly view: string;
  readonly parameters: Readonly<Record<string, Binary>>;
}

/** Reads a place. Parameters are binary strings, so that every key can be in a URL. */
export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const parameters: Record<string, Binary> = {};
  for (const pair of query.split("&").filter((text) => text !== "")) {
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    parameters[decode(name)] = decode(value);
  }
  return { view: decode(path), parameters };
}

/** The part of a URL that leads to a place; parameters that are undefined are left out. */
export function href(view: string, parameters: Readonly<Record<string, Binary | number | undefined>> = {}): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encode(name)}=${encode(String(value))}`],
  );
  return `#/${encode(view)}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

function encode(binary: Binary): string {
  return binary.replace(/[^\w./:~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** Browsers may show `%C3%BC` as `ü`, and people paste that, so characters above 255 and others are read as UTF-8. */
function decode(text: string): Binary {
  return text.replace(/%([0-9a-fA-F]{2})|\P{ASCII}+/gu, (characters, hex: string | undefined) =>
    hex === undefined ? unescapeUtf8(characters) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function unescapeUtf8(characters: string): Binary {
  return Array.from(new TextEncoder().encode(characters), (byte) => String.fromCharCode(byte)).join("");
}
