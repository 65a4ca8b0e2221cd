import { type Field, fieldBytes } from "./field-list.js";

/** RFC 7541, appendix A, from index 1 on: names, with values where the table has one. */
const staticFields =
  ":authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|:status 204|" +
  ":status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|accept-encoding gzip, deflate|" +
  "accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|" +
  "content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|" +
  "cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|" +
  "last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|" +
  "server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate";

export const staticTable: readonly Field[] = staticFields.split("|").map((text) => {
  const [name = "", ...value] = text.split(" ");
  return { name, value: value.join(" ") };
});

/** What a table holds at most until its decoder says otherwise; ours never does. */
export const tableBytesMax = 4_096;

/** RFC 7541, 2.3: the static table, and behind it what this connection has put down, the newest first. */
export class HpackTable {
  /** The newest last. */
  #fields: Field[] = [];
  /** Those before it have been driven out. */
  #oldest = 0;
  #bytes = 0;
  #bytesMax = tableBytesMax;

  /** @returns undefined when there is none at this index */
  at(index: number): Field | undefined {
    if (index <= staticTable.length) return staticTable[index - 1];
    const place = this.#fields.length - (index - staticTable.length);
    return place < this.#oldest ? undefined : this.#fields[place];
  }

  /** A field that is larger than the table drives out all others and is not kept itself. */
  add(field: Field): void {
    this.#fields.push(field);
    this.#bytes += fieldBytes(field);
    this.#evict();
  }

  resize(bytes: number): void {
    this.#bytesMax = bytes;
    this.#evict();
  }

  #evict(): void {
    for (let field = this.#fields[this.#oldest]; field !== undefined && this.#bytes > this.#bytesMax; ) {
      this.#bytes -= fieldBytes(field);
      this.#oldest++;
      field = this.#fields[this.#oldest];
    }
    // Now and then, so that it costs next to nothing for each.
    if (this.#oldest > 64 && this.#oldest * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}
