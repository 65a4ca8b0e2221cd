import { type Field, fieldBytes, fieldOverheadBytes } from "./field-list.js";

/** The static table (RFC 7541, appendix A), from index 1 on: names, with values where the table has one. */
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

/** The most bytes of a table until its decoder says otherwise; our decoder never does. */
export const tableBytesMax = 4_096;

/** The most fields of a table, since even an empty field counts the overhead. */
const fieldsMax = tableBytesMax / fieldOverheadBytes;

/**
 * The table of a decoder (RFC 7541, 2.3): the static table, followed by the fields of this connection, newest first.
 */
export class HpackTable {
  /** A ring of `#count` fields; the newest is at `#newest`. */
  readonly #ring: (Field | undefined)[] = [];
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #bytesMax = tableBytesMax;

  /** @returns the field at this index, if there is one */
  at(index: number): Field | undefined {
    if (index <= staticTable.length) return staticTable[index - 1];
    const age = index - staticTable.length - 1;
    return age < this.#count ? this.#ring[(this.#newest + fieldsMax - age) % fieldsMax] : undefined;
  }

  /** Adds a field; one that is larger than the table evicts all others and is not stored itself. */
  add(field: Field): void {
    const bytes = fieldBytes(field);
    this.#shrink(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    this.#newest = (this.#newest + 1) % fieldsMax;
    this.#ring[this.#newest] = field;
    this.#count++;
    this.#bytes += bytes;
  }

  /** @param bytes no more than `tableBytesMax` */
  resize(bytes: number): void {
    this.#bytesMax = bytes;
    this.#shrink(bytes);
  }

  /** Evicts the oldest fields until the rest takes at most `bytesMax`. */
  #shrink(bytesMax: number): void {
    while (this.#count > 0 && this.#bytes > bytesMax) {
      const oldest = (this.#newest + fieldsMax - this.#count + 1) % fieldsMax;
      const field = this.#ring[oldest];
      this.#ring[oldest] = undefined;
      this.#count--;
      if (field !== undefined) this.#bytes -= fieldBytes(field);
    }
  }
}
