/** A value of a JSON document. Numbers keep their digits, and objects their order and repeated names. */
export type JsonValue =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "number" | "literal"; readonly text: string }
  | { readonly type: "array"; readonly items: readonly JsonValue[] }
  | { readonly type: "object"; readonly fields: readonly { readonly name: string; readonly value: JsonValue }[] };

/** Documents that are nested deeper are shown as text. */
export const depthMax = 200;

const token = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

/** The document; undefined if the text is not JSON, or nested deeper than `depthMax`. */
export function parseJson(text: string): JsonValue | undefined {
  // The check is the browser's own, so that the reader below meets valid documents only.
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const next = tokensOf(text);
  return readValue(next(), next, 0);
}

type Token = { readonly mark?: string; readonly string?: string; readonly number?: string; readonly literal?: string };

function tokensOf(text: string): () => Token {
  let at = 0;
  return () => {
    token.lastIndex = at;
    const [, mark, string, number, literal] = token.exec(text) ?? [];
    at = token.lastIndex;
    if (mark !== undefined) return { mark };
    if (string !== undefined) return { string };
    if (number !== undefined) return { number };
    return literal === undefined ? {} : { literal };
  };
}

function readValue({ mark, string, number, literal }: Token, next: () => Token, depth: number): JsonValue | undefined {
  if (string !== undefined) return { type: "string", value: JSON.parse(string) };
  if (number !== undefined) return { type: "number", text: number };
  if (literal !== undefined) return { type: "literal", text: literal };
  if (depth >= depthMax) return undefined;
  if (mark === "[") return readArray(next, depth + 1);
  return mark === "{" ? readObject(next, depth + 1) : undefined;
}

function readArray(next: () => Token, depth: number): JsonValue | undefined {
  const items: JsonValue[] = [];
  for (let first = next(); first.mark !== "]"; first = next()) {
    const value = readValue(first.mark === "," ? next() : first, next, depth);
    if (value === undefined) return undefined;
    items.push(value);
  }
  return { type: "array", items };
}

function readObject(next: () => Token, depth: number): JsonValue | undefined {
  const fields: { name: string; value: JsonValue }[] = [];
  for (let first = next(); first.mark !== "}"; first = next()) {
    const name = first.mark === "," ? next() : first;
    next(); // the colon
    const value = readValue(next(), next, depth);
    if (name.string === undefined || value === undefined) return undefined;
    fields.push({ name: JSON.parse(name.string), value });
  }
  return { type: "object", fields };
}

/** A line of an indented document, of words that are coloured by their kind. */
export interface JsonLine {
  /** Where the line stands in the document: the same for the same line, whatever else is folded. */
  readonly path: string;
  readonly depth: number;
  readonly words: readonly JsonWord[];
  /** Whether the line opens an object or array that can be folded; and whether it is. */
  readonly fold?: "open" | "folded";
}

export interface JsonWord {
  readonly kind: "mark" | "name" | "string" | "number" | "literal" | "note";
  readonly text: string;
}

/** The lines of a document. @param isFolded whether the object or array at a path is folded */
export function jsonLines(value: JsonValue, isFolded: (path: string, depth: number) => boolean): readonly JsonLine[] {
  const lines: JsonLine[] = [];
  const add = (of: JsonValue, path: string, depth: number, before: readonly JsonWord[], comma: boolean): void => {
    const after: JsonWord[] = comma ? [{ kind: "mark", text: "," }] : [];
    if (of.type !== "array" && of.type !== "object") {
      lines.push({ path, depth, words: [...before, leafWord(of), ...after] });
      return;
    }
    const [open, close] = of.type === "array" ? (["[", "]"] as const) : (["{", "}"] as const);
    const children: { name: string | undefined; value: JsonValue }[] =
      of.type === "array" ? of.items.map((item) => ({ name: undefined, value: item })) : [...of.fields];
    if (children.length === 0) {
      lines.push({ path, depth, words: [...before, { kind: "mark", text: open + close }, ...after] });
      return;
    }
    if (isFolded(path, depth)) {
      const note: JsonWord = { kind: "note", text: ` ${sizeText(of.type, children.length)} ` };
      const words: JsonWord[] = [
        ...before,
        { kind: "mark", text: open },
        note,
        { kind: "mark", text: close },
        ...after,
      ];
      lines.push({ path, depth, words, fold: "folded" });
      return;
    }
    lines.push({ path, depth, words: [...before, { kind: "mark", text: open }], fold: "open" });
    children.forEach((child, at) => {
      const name: JsonWord[] =
        child.name === undefined
          ? []
          : [
              { kind: "name", text: JSON.stringify(child.name) },
              { kind: "mark", text: ": " },
            ];
      add(child.value, `${path}/${at}`, depth + 1, name, at < children.length - 1);
    });
    lines.push({ path: `${path}/end`, depth, words: [{ kind: "mark", text: close }, ...after] });
  };
  add(value, "", 0, [], false);
  return lines;
}

/** The document with one field or item on each line. */
export function indentedJson(value: JsonValue): string {
  return jsonLines(value, () => false)
    .map(({ depth, words }) => "  ".repeat(depth) + words.map(({ text }) => text).join(""))
    .join("\n");
}

function leafWord(value: Exclude<JsonValue, { type: "array" | "object" }>): JsonWord {
  return value.type === "string"
    ? { kind: "string", text: JSON.stringify(value.value) }
    : { kind: value.type, text: value.text };
}

function sizeText(type: "array" | "object", count: number): string {
  const unit = type === "array" ? "item" : "field";
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
