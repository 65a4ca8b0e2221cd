import type { Codec } from "./protobuf.js";
import { sharedWriter } from "./writer.js";

/**
 * Encodes a message where its bytes stay, without a copy in between.
 *
 * @param room returns a buffer of exactly the length that it is given; it must not encode anything itself
 */
export function encodeInto<Message extends object>(
  codec: Pick<Codec<Message>, "write">,
  message: Message,
  room: (length: number) => Uint8Array,
): Uint8Array {
  codec.write(sharedWriter.start(), message);
  return sharedWriter.cut ? copied(sharedWriter.finishCut(codec.write, message), room) : sharedWriter.finishIn(room);
}

function copied(bytes: Uint8Array, room: (length: number) => Uint8Array): Uint8Array {
  const copy = room(bytes.length);
  copy.set(bytes);
  return copy;
}
