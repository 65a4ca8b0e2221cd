import { frameBytesMax, frameHeaderBytes } from "./frames.js";

const slabBytes = 64 * 1024;
/** Room for any frame. */
const roomBytesMin = frameHeaderBytes + frameBytesMax;
/** The most unused slabs to keep; the garbage collector takes the others. */
const sparesMax = 64;

/** Memory in which frames are written. Bytes up to `used` are taken, and may be on their way to a socket. */
export interface Slab {
  readonly bytes: Buffer;
  used: number;
}

const spares: Slab[] = [];

/**
 * Returns a slab with room for any frame. A connection has one only while it has something to send, since most are
 * idle.
 */
export function takeSlab(): Slab {
  return spares.pop() ?? { bytes: Buffer.allocUnsafeSlow(slabBytes), used: 0 };
}

/** Returns a slab, whose free rest serves the next connection. */
export function returnSlab(slab: Slab): void {
  if (spares.length < sparesMax && slab.bytes.length - slab.used >= roomBytesMin) spares.push(slab);
}
