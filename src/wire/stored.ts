import type { Codec } from "./protobuf.js";
import { Reader } from "./reader.js";

/**
 * Decodes a message from bytes of the log. This member must be able to read them at any depth of nesting: a member of
 * another release may have let a client write them.
 *
 * @throws WireError when the bytes are malformed
 */
export function decodeStored<Message, Out extends Message>(codec: Codec<Message, Out>, bytes: Uint8Array): Out {
  const reader = new Reader(bytes, Number.POSITIVE_INFINITY);
  const message = codec.read(reader);
  reader.readPostponed();
  return message;
}
