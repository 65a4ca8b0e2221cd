/** A value of a JSON document. Texts are as they are written, so that numbers keep their digits. */
export type JsonValue =
  | { readonly type: "string" | "number" | "literal"; readonly text: string }
  | { readonly type: "array"; readonly items: readonly JsonValue[] }
  /** In the order of the document, with repeated names. A name is written with its quotes. */
  | { readonly type: "object"; readonly fields: readonly { readonly name: string; readonly value: JsonValue }[] };

/** Documents that are nested deeper are shown as text. */
export const depthMax = 200;

/** Whether the text is a JSON object or array that can be shown. Does not build the document. */
export function isJsonDocument(text: string): boolean {
  return /^\s*[[{]/.test(text) && isJson(text) && depthOf(text) <= depthMax;
}

/** The document; undefined if the text is not JSON, or nested deeper than `depthMax`. */
export function parseJson(text: string): JsonValue | undefined {
  // The check is the browser's own, so that the reader meets valid documents only.
  return isJson(text) && depthOf(text) <= depthMax ? new Reader(text).value() : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** How deeply a valid document is nested. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at) - 1;
    else if (character === "[" || character === "{") deepest = Math.max(deepest, ++depth);
    else if (character === "]" || character === "}") depth--;
  }
  return deepest;
}

/** The end of the string whose opening quote is at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** Reads a valid document. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): JsonValue {
    const first = this.#next();
    if (first === "{") return this.#object();
    if (first === "[") return this.#array();
    if (first === '"') return { type: "string", text: this.#string() };
    const start = this.#at;
    while (this.#at < this.#text.length && !/[\s,\]}]/.test(this.#text[this.#at] ?? "")) this.#at++;
    const text = this.#text.slice(start, this.#at);
    return { type: /[a-z]/.test(text[0] ?? "") ? "literal" : "number", text };
  }

  #array(): JsonValue {
    const items: JsonValue[] = [];
    this.#at++;
    while (this.#next() !== "]") {
      if (this.#next() === ",") this.#at++;
      items.push(this.value());
    }
    this.#at++;
    return { type: "array", items };
  }

  #object(): JsonValue {
    const fields: { name: string; value: JsonValue }[] = [];
    this.#at++;
    while (this.#next() !== "}") {
      if (this.#next() === ",") this.#at++;
      this.#next();
      const name = this.#string();
      this.#next();
      this.#at++; // the colon
      fields.push({ name, value: this.value() });
    }
    this.#at++;
    return { type: "object", fields };
  }

  #string(): string {
    const start = this.#at;
    this.#at = stringEnd(this.#text, start);
    return this.#text.slice(start, this.#at);
  }

  /** Skips white space; returns the character behind it. */
  #next(): string {
    for (;;) {
      const character = this.#text[this.#at] ?? "}";
      if (character !== " " && character !== "\n" && character !== "\r" && character !== "\t") return character;
      this.#at++;
    }
  }
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
      lines.push({ path, depth, words: [...before, { kind: of.type, text: shownText(of) }, ...after] });
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
              { kind: "name", text: plain(child.name) },
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
  const lines: string[] = [];
  const add = (of: JsonValue, indent: string, before: string, after: string): void => {
    if (of.type !== "array" && of.type !== "object") {
      lines.push(`${indent}${before}${shownText(of)}${after}`);
      return;
    }
    const [open, close] = of.type === "array" ? (["[", "]"] as const) : (["{", "}"] as const);
    const count = of.type === "array" ? of.items.length : of.fields.length;
    if (count === 0) {
      lines.push(`${indent}${before}${open}${close}${after}`);
      return;
    }
    lines.push(`${indent}${before}${open}`);
    const comma = (at: number): string => (at < count - 1 ? "," : "");
    const inside = `${indent}  `;
    if (of.type === "array") {
      for (const [at, item] of of.items.entries()) add(item, inside, "", comma(at));
    } else {
      for (const [at, field] of of.fields.entries()) add(field.value, inside, `${plain(field.name)}: `, comma(at));
    }
    lines.push(`${indent}${close}${after}`);
  };
  add(value, "", "", "");
  return lines.join("\n");
}

type Leaf = Exclude<JsonValue, { type: "array" | "object" }>;

function shownText({ type, text }: Leaf): string {
  return type === "string" ? plain(text) : text;
}

/** A string with as few escapes as it needs. */
function plain(string: string): string {
  return string.includes("\\") ? JSON.stringify(JSON.parse(string)) : string;
}

function sizeText(type: "array" | "object", count: number): string {
  const unit = type === "array" ? "item" : "field";
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
