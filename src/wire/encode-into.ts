import type { Codec } from "./protobuf.js";
import { sharedWriter } from "./writer.js";

/**
 * Encodes a message where its bytes stay, without a copy in between. For messages that hold no message of their own
 * type, since those may be too deep to be written at once.
 *
 * @param room returns a buffer of exactly the length that it is given; it must not encode anything itself
 */
export function encodeInto<Message>(
  codec: Pick<Codec<Message>, "write">,
  message: Message,
  room: (length: number) => Uint8Array,
): Uint8Array {
  codec.write(sharedWriter.start(), message);
  return sharedWriter.finishIn(room);
}
