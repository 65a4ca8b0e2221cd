import { type Clock, Turns } from "../../base/index.js";
import type { Codec, Method } from "../../wire/index.js";
import { decode, type UnaryBinding, type UnaryHandler } from "../grpc/binding.js";

/** The number of items encoded at once, which takes about half a millisecond. */
const itemsAtOnce = 1_000;
/** Encoding an item counts as processing this many bytes, to share the loop's time with others. */
const bytesOfItem = 128;

/**
 * Encodes a message whose last field may be a very long list, in turns of the event loop. Concatenated protobuf
 * messages decode as one, so each part is a message that contains only some of the items.
 */
export async function encodeLongList<Message, Field extends keyof Message>(
  codec: Codec<Message>,
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

/** Like `unary`, for an answer whose last field, `field`, may be a very long list. */
export function listing<Request, Response, Field extends keyof Response>(
  { path, request, response }: Method<Request, Response & Readonly<Record<Field, readonly unknown[]>>>,
  field: Field,
  clock: Clock,
  handle: UnaryHandler<Request, Response & Readonly<Record<Field, readonly unknown[]>>>,
): UnaryBinding {
  return {
    kind: "unary",
    path,
    run: async (bytes, call) => {
      const answer = await handle(decode(request, bytes), call);
      return await encodeLongList(response, answer, field, new Turns(clock, undefined, call.client));
    },
  };
}
