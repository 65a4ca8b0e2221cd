import { nestingMax } from "./malformed.js";
import type { Codec } from "./protobuf.js";
import { Reader } from "./reader.js";

/**
 * Decodes a message from bytes that anybody may have sent.
 *
 * @param partsMax the most messages, texts, byte strings and numbers of lists in it
 * @throws TooManyParts when there are more, WireError when the bytes are malformed
 */
export function decodeReceived<Message, Out extends Message>(
  codec: Codec<Message, Out>,
  bytes: Uint8Array,
  partsMax: number,
): Out {
  const reader = new Reader(bytes, nestingMax, partsMax);
  const message = codec.read(reader);
  reader.readPostponed();
  return message;
}
