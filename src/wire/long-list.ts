import type { Turns } from "../base/index.js";
import type { FieldNumbers } from "./malformed.js";
import type { Codec } from "./protobuf.js";
import { Reader } from "./reader.js";

/** The number of items encoded at once, which takes about half a millisecond. */
const itemsAtOnce = 1_000;
/** Cost of encoding an item, in the unit of `WorkBudget`. */
const bytesOfItem = 128;

/**
 * Encodes a message whose last field may be a very long list, in turns of the event loop. Concatenated protobuf
 * messages decode as one, so each part is a message that contains only some of the items.
 */
export async function encodeLongList<Message, Field extends keyof Message>(
  codec: Pick<Codec<Message>, "create" | "encode">,
  message: Message & Readonly<Record<Field, readonly unknown[]>>,
  field: Field,
  turns: Turns,
): Promise<Uint8Array> {
  const items: readonly unknown[] = message[field];
  if (items.length <= itemsAtOnce) return codec.encode(message);
  const parts = [codec.encode({ ...message, [field]: [] })];
  for (let at = 0; at < items.length; at += itemsAtOnce) {
    const some = { [field]: items.slice(at, at + itemsAtOnce) };
    const part = codec.encode(codec.create(some as Partial<Message>));
    parts.push(part);
    if (turns.over(part.length + itemsAtOnce * bytesOfItem)) await turns.rest();
  }
  return Buffer.concat(parts);
}

const unlisted: FieldNumbers = { message: "a message", numbers: [] };

/**
 * Splits a message between its fields. Each part is a message of `bytesMax` bytes, or up to one field more; merged, the
 * parts are the message. The message is read only as far as parts were requested.
 *
 * @throws WireError where the bytes are malformed
 */
export function* splitMessage(bytes: Uint8Array, bytesMax: number): Generator<Uint8Array, void, undefined> {
  const reader = new Reader(bytes);
  let start = 0;
  while (reader.more()) {
    reader.skip(reader.tag(), unlisted);
    if (reader.position - start < bytesMax) continue;
    yield bytes.subarray(start, reader.position);
    start = reader.position;
  }
  if (start < bytes.length) yield bytes.subarray(start);
}

/** The bytes of every occurrence of a message field; other fields are skipped. @throws WireError */
export function* occurrencesOf(number: number, bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  const reader = new Reader(bytes);
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === number * 8 + 2) yield reader.bytes();
    else reader.skip(tag, unlisted);
  }
}
