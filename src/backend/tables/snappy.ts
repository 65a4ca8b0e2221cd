import { DiskError } from "../disk-error.js";

/** The most bytes of a block: far more than the largest pair, so that only damage claims more. */
const lengthMax = 1 << 30;
/** A shorter copy costs less byte by byte than as a call. */
const callFrom = 24;

/**
 * Decodes Snappy's format: the length as a varint, then elements, each with a tag whose lowest two bits say what it is:
 * 0 for bytes that follow, others for bytes that came before, at a distance of 11, 16 or 32 bits.
 *
 * @throws DiskError when Snappy cannot have written the bytes
 */
export function decodeSnappy(source: Uint8Array): Buffer {
  let at = 0;
  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = source[at++];
    if (byte === undefined || scale > lengthMax) throw new DiskError("the length of a block is damaged");
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (length > lengthMax) throw new DiskError(`a block claims ${length} bytes`);
  const out = Buffer.allocUnsafeSlow(length);
  const end = source.length;
  let to = 0;
  while (at < end) {
    const tag = source[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      let count = tag >>> 2;
      if (count >= 60) {
        const extra = count - 59;
        count = littleEndian(source, at, extra);
        at += extra;
      }
      count++;
      if (at + count > end || to + count > length) throw new DiskError("bytes of a block are missing");
      if (count < callFrom) for (let i = 0; i < count; i++) out[to + i] = source[at + i] ?? 0;
      else out.set(source.subarray(at, at + count), to);
      at += count;
      to += count;
      continue;
    }
    let count = (tag >>> 2) + 1;
    let distance: number;
    if (kind === 1) {
      count = ((tag >>> 2) & 7) + 4;
      distance = ((tag >>> 5) << 8) | (source[at++] ?? 0);
    } else {
      const width = kind === 2 ? 2 : 4;
      distance = littleEndian(source, at, width);
      at += width;
    }
    if (distance === 0 || distance > to || at > end || to + count > length) {
      throw new DiskError("a copy in a block is damaged");
    }
    // The bytes may overlap: a distance shorter than the length repeats what has just been written.
    if (distance < count || count < callFrom) for (let i = 0; i < count; i++, to++) out[to] = out[to - distance] ?? 0;
    else {
      out.copyWithin(to, to - distance, to - distance + count);
      to += count;
    }
  }
  if (to !== length) throw new DiskError("a block is shorter than it claims");
  return out;
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}
