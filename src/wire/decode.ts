import { nestingMax } from "./malformed.js";
import type { Codec } from "./protobuf.js";
import { Reader } from "./reader.js";

/**
 * Decodes a message from bytes of the log. This member must be able to read them at any depth of nesting: a member of
 * another release may have let a client write them.
 *
 * @throws WireError when the bytes are malformed
 */
export function decodeStored<Message, Out extends Message>(codec: Codec<Message, Out>, bytes: Uint8Array): Out {
  return whole(codec, new Reader(bytes, Number.POSITIVE_INFINITY));
}

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
  return whole(codec, new Reader(bytes, nestingMax, partsMax));
}

/** Reads a message, and then the parts of it that a reader leaves for later so that depth costs no stack. */
function whole<Message, Out extends Message>(codec: Codec<Message, Out>, reader: Reader): Out {
  const message = codec.read(reader);
  reader.readPostponed();
  return message;
}
