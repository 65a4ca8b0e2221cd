import { Duplex } from "node:stream";

/** The client's connection that a socket within this process represents. */
export interface SocketOrigin {
  readonly secure: boolean;
  readonly commonName?: string | undefined;
}

/**
 * The two ends of a connection within this process. Each end reads what the other writes, with backpressure. When one
 * end closes, so does the other, but a client still reads what the server wrote before.
 */
export function socketPair(origin?: SocketOrigin): readonly [server: MemorySocket, client: MemorySocket] {
  const server = new MemorySocket(origin);
  const client = new MemorySocket(origin);
  server.join(client, () => client.lose());
  client.join(server, () => server.destroy());
  return [server, client];
}

/** A duplex stream with the methods of a socket that Node's HTTP uses. */
export class MemorySocket extends Duplex {
  /** Whether the client's connection uses TLS. */
  readonly secure: boolean;
  /** The common name in the client's verified certificate, if there is one. */
  readonly commonName: string | undefined;
  #other: MemorySocket | undefined;
  #gone: () => void = () => undefined;
  /** Continues the other end's write. */
  #wantsMore: (() => void) | undefined;

  constructor({ secure, commonName }: SocketOrigin = { secure: false }) {
    super();
    this.secure = secure;
    this.commonName = commonName;
  }

  /** @param gone called when this end is destroyed */
  join(other: MemorySocket, gone: () => void): void {
    this.#other = other;
    this.#gone = gone;
  }

  /** The other end has closed. Bytes that have arrived can still be read. */
  lose(): void {
    if (this.readableEnded) {
      this.destroy();
      return;
    }
    this.once("end", () => this.destroy());
    this.push(null);
  }

  /** Does nothing: the timeouts of the client's own connection apply. */
  setTimeout(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  override _read(): void {
    const more = this.#wantsMore;
    this.#wantsMore = undefined;
    more?.();
  }

  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    this.#other?.receive(chunk, written);
  }

  override _final(ended: () => void): void {
    this.#other?.receive(null, ended);
  }

  override _destroy(_error: Error | null, destroyed: (error: null) => void): void {
    if (this.#other?.destroyed === false) process.nextTick(this.#gone);
    destroyed(null);
  }

  receive(chunk: Buffer | null, taken: () => void): void {
    if (this.destroyed || this.readableEnded || this.push(chunk) || chunk === null) taken();
    else this.#wantsMore = taken;
  }
}
