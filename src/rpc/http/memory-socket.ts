import { Duplex } from "node:stream";

/** The connection for which a socket within this process stands. */
export interface SocketOrigin {
  readonly secure: boolean;
  readonly commonName?: string | undefined;
}

/**
 * Two ends of a connection within this process, a server's and a client's: what one writes, the other reads, and no
 * more than it reads. Neither end outlives the other, but a client still reads what a server wrote before it was gone.
 */
export function socketPair(origin?: SocketOrigin): readonly [server: MemorySocket, client: MemorySocket] {
  const server = new MemorySocket(origin);
  const client = new MemorySocket(origin);
  server.join(client, () => client.lose());
  client.join(server, () => server.destroy());
  return [server, client];
}

/** As much of a socket as Node's HTTP asks of one. */
export class MemorySocket extends Duplex {
  /** The connection that is behind it is one of TLS. */
  readonly secure: boolean;
  /** In the certificate of the client that is behind it, if it was verified. */
  readonly commonName: string | undefined;
  #other: MemorySocket | undefined;
  #gone: () => void = () => undefined;
  /** The other end may go on writing. */
  #wantsMore: (() => void) | undefined;

  constructor({ secure, commonName }: SocketOrigin = { secure: false }) {
    super();
    this.secure = secure;
    this.commonName = commonName;
  }

  /** @param gone what follows when this end is destroyed */
  join(other: MemorySocket, gone: () => void): void {
    this.#other = other;
    this.#gone = gone;
  }

  /** The other end is gone: what has come may still be read. */
  lose(): void {
    if (this.readableEnded) {
      this.destroy();
      return;
    }
    this.once("end", () => this.destroy());
    this.push(null);
  }

  /** Nothing on the way can make it late: whoever is behind it watches the time. */
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
