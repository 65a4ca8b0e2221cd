import { HpackDecoder } from "../../src/http2/hpack-decoder.js";

/** Handmade HTTP/2 frames, for tests with frames that no correct client sends. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const types = {
  ...{ data: 0, headers: 1, priority: 2, reset: 3, settings: 4, pushPromise: 5, ping: 6, goAway: 7 },
  ...{ windowUpdate: 8, continuation: 9 },
} as const;
export const flags = { none: 0, ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export function frame(type: number, frameFlags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(frameFlags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  for (const [at, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  }
  return frame(types.settings, 0, 0, payload);
}

export type Fields = readonly (readonly [name: string, value: string])[];

export const request: Fields = callFields("/t.T/Echo");

/** The header fields of a gRPC call. */
export function callFields(path: string): Fields {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
}

export function headers(stream: number, fields: Fields = request, frameFlags: number = flags.endHeaders): Buffer {
  return frame(types.headers, frameFlags, stream, block(fields));
}

/** A complete request without a body. */
export function ask(stream: number, fields: Fields = request): Buffer {
  return headers(stream, fields, flags.endHeaders | flags.endStream);
}

export function data(stream: number, body: Uint8Array | string, frameFlags: number = flags.endStream): Buffer {
  return frame(types.data, frameFlags, stream, Buffer.from(body));
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  return frame(types.windowUpdate, 0, stream, uint32(bytes));
}

export function reset(stream: number, code = 8): Buffer {
  return frame(types.reset, 0, stream, uint32(code));
}

export function ping(): Buffer {
  return frame(types.ping, 0, 0, Buffer.alloc(8));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A header block of literals that are not added to the table. */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

export function text(value: string): Buffer {
  return Buffer.concat([integer(7, 0, value.length), Buffer.from(value, "latin1")]);
}

/** An integer with a prefix of `bits` bits (RFC 7541, 5.1). */
export function integer(bits: number, mark: number, value: number): Buffer {
  const mask = 2 ** bits - 1;
  if (value < mask) return Buffer.from([mark | value]);
  const bytes = [mark | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const codes = new Map<number, string>([
  ...([
    [0, "none"],
    [1, "protocol"],
    [2, "internal"],
    [3, "flow control"],
    [5, "stream closed"],
  ] as const),
  ...([
    [6, "frame size"],
    [7, "refused"],
    [8, "cancel"],
    [9, "compression"],
    [11, "calm"],
  ] as const),
]);

/** Reads frames of a server and describes them as text. */
export class FrameLog {
  readonly #decoder = new HpackDecoder(2 ** 30);
  #rest = Buffer.alloc(0);

  /** Reads a chunk. @returns the frames that are complete now */
  read(chunk: Buffer): string[] {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const found: string[] = [];
    let at = 0;
    while (at + 9 <= bytes.length) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const payload = bytes.subarray(at + 9, end);
      found.push(this.#describe(bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), bytes.readUInt32BE(at + 5), payload));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return found;
  }

  #describe(type: number, frameFlags: number, stream: number, payload: Buffer): string {
    const end = (frameFlags & flags.endStream) !== 0 ? " end" : "";
    const code = (at: number) => codes.get(payload.readUInt32BE(at)) ?? "?";
    switch (type) {
      case types.data:
        return `data ${stream} ${payload.length}${end}`;
      case types.headers: {
        const { fields } = this.#decoder.decode(payload);
        return `headers ${stream} ${fields.map(({ name, value }) => `${name}=${value}`).join(" ")}${end}`;
      }
      case types.reset:
        return `reset ${stream} ${code(0)}`;
      case types.settings:
        return end === "" ? "settings" : "settings ack";
      case types.ping:
        return end === "" ? "ping" : "ping ack";
      case types.goAway:
        return `go away ${payload.readUInt32BE(0)} ${code(4)}`;
      case types.windowUpdate:
        return `window ${stream} ${payload.readUInt32BE(0)}`;
      default:
        return `type ${type}`;
    }
  }
}
