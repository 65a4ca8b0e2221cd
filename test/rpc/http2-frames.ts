/** HTTP/2 by hand, for tests of what stands between a socket and nghttp2: frames, and HPACK without Huffman codes. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const types = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, goAway: 7, continuation: 9 } as const;
export const flags = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, frameFlags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(frameFlags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export const settings = frame(types.settings, 0, 0);
export const settingsAck = frame(types.settings, flags.ack, 0);

/** The whole frames at the start of these bytes. */
export function frames(bytes: Buffer): Frame[] {
  const found: Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [type, frameFlags, stream] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), bytes.readUInt32BE(at + 5)];
    found.push({ type, flags: frameFlags, stream, payload: bytes.subarray(at + 9, end) });
    at = end;
  }
  return found;
}

export type Field = readonly [name: string, value: string];
export const forms = ["remembered", "once", "never"] as const;
export type Form = (typeof forms)[number];

/** The only static names that these tests need; the dynamic table begins behind all 61. */
const staticNames: Readonly<Record<string, number>> = { ":authority": 1, ":method": 2, ":path": 4, ":scheme": 6 };
const dynamicFrom = 62;

/** RFC 7541, 4: the newest entry first, the oldest leave when there is no room. */
class DynamicTable {
  readonly entries: Field[] = [];
  #size = 4096;

  resize(size: number): void {
    this.#size = size;
    this.#evict();
  }

  add(field: Field): void {
    this.entries.unshift(field);
    this.#evict();
  }

  #evict(): void {
    const used = () => this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (used() > this.#size) this.entries.pop();
  }
}

export class HpackWriter {
  readonly #table = new DynamicTable();

  resize(size: number): Buffer {
    this.#table.resize(size);
    return integer(5, 0x20, size);
  }

  field([name, value]: Field, form: Form): Buffer {
    const known = this.#table.entries.findIndex((entry) => entry[0] === name && entry[1] === value);
    if (known >= 0) return integer(7, 0x80, dynamicFrom + known);
    if (form === "remembered") this.#table.add([name, value]);
    const [bits, mark] = ({ remembered: [6, 0x40], once: [4, 0], never: [4, 0x10] } as const)[form];
    const index = staticNames[name];
    return index === undefined
      ? Buffer.concat([integer(bits, mark, 0), text(name), text(value)])
      : Buffer.concat([integer(bits, mark, index), text(value)]);
  }
}

export class HpackReader {
  readonly #table = new DynamicTable();

  read(block: Buffer): Field[] {
    const fields: Field[] = [];
    let at = 0;
    const readInteger = (bits: number): number => {
      const mask = 2 ** bits - 1;
      let value = block.readUInt8(at++) & mask;
      if (value < mask) return value;
      for (let shift = 0; ; shift += 7) {
        const byte = block.readUInt8(at++);
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
      }
    };
    const readText = (): string => {
      const length = readInteger(7);
      at += length;
      return block.toString("latin1", at - length, at);
    };
    while (at < block.length) {
      const first = block.readUInt8(at);
      if (first >= 0x80) {
        const entry = this.#table.entries[readInteger(7) - dynamicFrom];
        if (entry === undefined) throw new Error("no such entry");
        fields.push(entry);
      } else if (first >= 0x20 && first < 0x40) this.#table.resize(readInteger(5));
      else {
        const index = readInteger(first >= 0x40 ? 6 : 4);
        const name = index === 0 ? readText() : Object.entries(staticNames).find((entry) => entry[1] === index)?.[0];
        const field: Field = [name ?? `static ${index}`, readText()];
        if (first >= 0x40) this.#table.add(field);
        fields.push(field);
      }
    }
    return fields;
  }
}

function text(value: string): Buffer {
  return Buffer.concat([integer(7, 0, value.length), Buffer.from(value, "latin1")]);
}

function integer(bits: number, mark: number, value: number): Buffer {
  const mask = 2 ** bits - 1;
  if (value < mask) return Buffer.from([mark | value]);
  const bytes = [mark | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
