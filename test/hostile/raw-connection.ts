import type { Socket } from "node:net";
import { type Codec, services } from "../../src/wire/index.js";
import { callFields, data, type Fields, flags, headers, ping, preface, settings, types } from "../http2/frames.js";
import type { Stage } from "./stage.js";

/** A connection whose HTTP/2 frames are made by hand, so that it can send frames that no correct client sends. */
export class RawConnection {
  readonly socket: Socket;
  /** The number of received frames, by their type. */
  readonly received = new Map<number, number>();
  #rest: Buffer = Buffer.alloc(0);
  #awaited: (() => void)[] = [];

  private constructor(socket: Socket, reads: boolean) {
    this.socket = socket;
    if (reads) socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.once("close", () => this.#tell());
  }

  /** @param reads whether the connection reads the server's frames */
  static async open(stage: Stage, reads = true): Promise<RawConnection> {
    const connection = new RawConnection(await stage.dial("h2"), reads);
    connection.socket.write(Buffer.concat([preface, settings([3, 1_000], [4, 2 ** 31 - 1])]));
    return connection;
  }

  get closed(): boolean {
    return this.socket.destroyed;
  }

  /** Writes as fast as the server reads. Resolves early if the server hangs up. */
  async send(...parts: readonly Buffer[]): Promise<void> {
    if (this.closed || this.socket.write(Buffer.concat(parts))) return;
    await firstOf(this.socket, "drain", "close");
  }

  /** Resolves when `count` frames of a type have been received, or the server has hung up. */
  async receives(type: number, count: number): Promise<void> {
    while (!this.closed && (this.received.get(type) ?? 0) < count) {
      await new Promise<void>((resolve) => this.#awaited.push(resolve));
    }
  }

  /** Resolves when the server has read all frames that were sent, or has hung up. */
  async taken(): Promise<void> {
    const before = this.received.get(types.ping) ?? 0;
    await this.send(ping());
    await this.receives(types.ping, before + 1);
  }

  close(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      const type = bytes.readUInt8(3);
      this.received.set(type, (this.received.get(type) ?? 0) + 1);
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    this.#tell();
  }

  #tell(): void {
    for (const resume of this.#awaited.splice(0)) resume();
  }
}

/** Resolves at the first of the events and removes its listeners, since an attack waits very often. */
export async function firstOf(socket: Socket, ...events: readonly string[]): Promise<void> {
  await new Promise<void>((resolve) => {
    const heard = (): void => {
      for (const event of events) socket.off(event, heard);
      resolve();
    };
    for (const event of events) socket.on(event, heard);
  });
}

/** The header fields of a gRPC call with a token. */
export function head(path: string, token: string | undefined): Fields {
  return token === undefined ? callFields(path) : [...callFields(path), ["token", token]];
}

/** A gRPC message with its prefix. */
export function message<Message>(codec: Codec<Message>, fields: Partial<Message>): Buffer {
  const body = codec.encode(codec.create(fields));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** The frames of a complete unary call. */
export function call(stream: number, path: string, body: Buffer, token: string | undefined): Buffer {
  const frames = [headers(stream, head(path, token), flags.endHeaders)];
  const frameBytesMax = 16_384;
  for (let at = 0; at < body.length; at += frameBytesMax) {
    const last = at + frameBytesMax >= body.length;
    frames.push(data(stream, body.subarray(at, at + frameBytesMax), last ? flags.endStream : flags.none));
  }
  return Buffer.concat(frames);
}

export const paths = {
  put: services["etcdserverpb.KV"].Put.path,
  range: services["etcdserverpb.KV"].Range.path,
  txn: services["etcdserverpb.KV"].Txn.path,
  watch: services["etcdserverpb.Watch"].Watch.path,
  keepAlive: services["etcdserverpb.Lease"].LeaseKeepAlive.path,
} as const;
