import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { FrameRewriter } from "./frame-rewriter.js";

/** More than a client sends before its first request, by far. */
const openingBytesMax = 16 * 1024;

/**
 * Looks at how an HTTP/2 connection begins and hands it on: the socket itself, with all its bytes put back, unless its
 * client sends what nghttp2 refuses (see `FrameRewriter`); then a connection through which it does not.
 *
 * Most clients of gRPC wait for the server's settings before they ask anything. They are sent here, and the client's
 * acknowledgement is taken out, since whoever takes the connection sends the same settings once more. A client that
 * asks nothing until the socket's timeout, or wants another answer first, is handed on with the rewriting in place:
 * that takes about a quarter more time a call than the socket itself, and then nobody can tell which it will need.
 *
 * @param begun what has been read of the connection
 * @param settings the server's settings, as a frame
 * @param take is called at most once; not at all when the connection ends before
 */
export function openHttp2(socket: Socket, begun: Buffer, settings: Buffer, take: (connection: Duplex) => void): void {
  const rewriter = new FrameRewriter();
  let opening: Buffer = Buffer.alloc(0);
  let greeted = false;

  const drop = () => socket.destroy();
  const handOn = (connect: () => Duplex): void => {
    socket.removeListener("data", read);
    socket.removeListener("end", drop);
    socket.removeListener("timeout", handRewritten);
    socket.setTimeout(0);
    socket.pause();
    take(connect());
  };
  const handRewritten = () => handOn(() => new RewrittenConnection(socket, rewriter, opening));
  const handPlain = () =>
    handOn(() => {
      socket.unshift(Buffer.concat([opening, rewriter.held]));
      return socket;
    });
  const read = (chunk: Buffer): void => {
    opening = Buffer.concat([opening, ...rewriter.feed(chunk)]);
    if (rewriter.rewrote) handRewritten();
    else if ((rewriter.opened && !rewriter.owesAck) || rewriter.lost) handPlain();
    else if (rewriter.pinged || opening.length > openingBytesMax) handRewritten();
    else if (rewriter.begun && !rewriter.opened && !greeted) {
      greeted = true;
      rewriter.dropNextAck();
      socket.write(settings);
    }
  };
  socket.on("data", read);
  socket.on("end", drop);
  socket.on("timeout", handRewritten);
  read(begun);
}

/** A socket whose incoming bytes go through a rewriter. */
class RewrittenConnection extends Duplex {
  readonly #socket: Socket;

  /** @param first what the rewriter has passed on already */
  constructor(socket: Socket, rewriter: FrameRewriter, first: Buffer) {
    super();
    this.#socket = socket;
    this.push(first);
    socket.on("data", (chunk: Buffer) => {
      for (const piece of rewriter.feed(chunk)) if (!this.push(piece)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("close", () => this.destroy());
    // `on` has set it flowing; nothing is to be read before somebody wants it.
    socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, written: (error?: Error | null) => void): void {
    this.#socket.write(chunk, written);
  }

  override _writev(chunks: readonly { chunk: Buffer }[], written: (error?: Error | null) => void): void {
    this.#socket.cork();
    chunks.forEach(({ chunk }, at) => {
      if (at < chunks.length - 1) this.#socket.write(chunk);
      else this.#socket.write(chunk, written);
    });
    this.#socket.uncork();
  }

  override _final(ended: () => void): void {
    this.#socket.end(ended);
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#socket.destroy();
    destroyed(error);
  }
}
