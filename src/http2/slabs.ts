import { frameBytesMax, frameHeaderBytes } from "./frames.js";

const slabBytes = 64 * 1024;
/** Room for any frame. */
const roomBytesMin = frameHeaderBytes + frameBytesMax;
/** The most unused slabs to keep; the garbage collector takes the others. */
const sparesMax = 64;

/** Memory that frames are put down in, up to `used`; what is before that may be on its way to a socket. */
export interface Slab {
  readonly bytes: Buffer;
  used: number;
}

const spares: Slab[] = [];

/** A slab with room for any frame. Connections have one only while they have something to say: most are silent. */
export function takeSlab(): Slab {
  return spares.pop() ?? { bytes: Buffer.allocUnsafeSlow(slabBytes), used: 0 };
}

/** What is left of a slab serves the next connection. */
export function returnSlab(slab: Slab): void {
  if (spares.length < sparesMax && slab.bytes.length - slab.used >= roomBytesMin) spares.push(slab);
}
