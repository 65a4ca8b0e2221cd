import type { FrameReader } from "./frame-reader.js";
import { lengthBytes } from "./message-writer.js";
import type { Ring } from "./ring.js";

/** The most bytes of short messages taken at once. A message that is kept keeps those in memory that came with it. */
const takenBytesMax = 64 * 1024;
/** Messages from this length on are taken one by one, each into memory of its own. */
const longBytesMin = 16 * 1024;

/**
 * Takes messages out of a ring: all short ones up to the next long one together, and a long one straight to where it is
 * put together. All messages that were taken before must have been read.
 *
 * @returns false when there are none
 */
export function takeMessages(ring: Ring, frames: FrameReader): boolean {
  const used = ring.usedBytes;
  if (used === 0) return false;
  const together = frames.missing === undefined ? shortBytes(ring, used, frames.partial) : 0;
  if (together > 0) {
    const bytes = Buffer.allocUnsafe(together);
    ring.takeTo(bytes);
    frames.feed(bytes);
    return true;
  }
  if (!frames.partial) frames.expect(ring.uint32At(0));
  const { missing } = frames;
  if (missing !== undefined) frames.filled(ring.takeTo(missing));
  return true;
}

/** How many bytes to take together; 0 when a long message is next. @param partial whether they go on with a message */
function shortBytes(ring: Ring, used: number, partial: boolean): number {
  const most = Math.min(used, takenBytesMax);
  if (partial) return most;
  let bytes = 0;
  while (bytes + lengthBytes <= most) {
    const length = lengthBytes + ring.uint32At(bytes);
    if (length >= longBytesMin) return bytes;
    if (bytes + length > most) break;
    bytes += length;
  }
  // The end of the next message has not arrived, since the ring was full.
  return bytes > 0 ? bytes : most;
}
