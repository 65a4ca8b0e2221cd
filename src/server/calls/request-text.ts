/** The most characters of a request's text in a log line. */
const charactersMax = 1_024;

/** Names of fields whose values are never logged. */
const secrets = /password|token/i;

/**
 * The text of a request as in etcd's log, in protobuf's text format. It contains keys, but only the length of values
 * and of other bytes, and nothing of passwords and tokens.
 */
export function requestText(request: object): string {
  const text = new Text();
  text.fields(request);
  return text.done();
}

/** Builds the text and stops at the maximum length, since a request may be a megabyte. */
class Text {
  #text = "";

  done(): string {
    return this.#text.length > charactersMax ? `${this.#text.slice(0, charactersMax)}...` : this.#text.trimEnd();
  }

  fields(message: object): void {
    if ("compare" in message && "success" in message && "failure" in message) {
      this.#txn(message);
      return;
    }
    const entries = Object.entries(message);
    // The header, with the user's name, comes first.
    const header = entries.findIndex(([name]) => name === "header");
    if (header > 0) entries.unshift(...entries.splice(header, 1));
    for (const [name, value] of entries) {
      if (this.#text.length > charactersMax) return;
      if (secrets.test(name)) continue;
      for (const one of Array.isArray(value) ? value : [value]) this.#field(snakeCase(name), one);
    }
  }

  /** The three lists of a transaction, each in one pair of brackets, as in etcd. */
  #txn({ compare, success, failure }: Readonly<Record<"compare" | "success" | "failure", unknown>>): void {
    for (const [name, items] of Object.entries({ compare, success, failure })) {
      this.#text += `${name}:<`;
      for (const item of Array.isArray(items) ? items : []) {
        if (this.#text.length > charactersMax) return;
        this.fields(item);
      }
      this.#text = `${this.#text.trimEnd()}> `;
    }
  }

  #field(name: string, value: unknown): void {
    if (this.#text.length > charactersMax) return;
    switch (typeof value) {
      case "string":
        if (value !== "") this.#text += `${name}:${quoted(value)} `;
        return;
      case "number":
      case "bigint":
        if (value !== 0 && value !== 0n) this.#text += `${name}:${value} `;
        return;
      case "boolean":
        if (value) this.#text += `${name}:true `;
        return;
      case "object":
        this.#object(name, value);
    }
  }

  #object(name: string, value: object | null): void {
    if (value === null) return;
    if (value instanceof Uint8Array) {
      if (value.length > 0) this.#text += `${name}_size:${value.length} `;
      return;
    }
    // The value is a oneof, whose `case` names the field that is set.
    if ("case" in value && "value" in value) {
      if (!secrets.test(String(value.case))) this.#field(snakeCase(String(value.case)), value.value);
      return;
    }
    this.#text += `${name}:<`;
    this.fields(value);
    this.#text += "> ";
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Quotes bytes as protobuf's text format does. A key is a string with one character for each byte. */
function quoted(text: string): string {
  const bytes = Buffer.from(text.slice(0, charactersMax), /[^\0-\xff]/.test(text) ? "utf8" : "latin1");
  let result = "";
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) result += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) result += String.fromCharCode(byte);
    else result += `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `"${result}"`;
}
