import { type Clock, Turns } from "../../base/index.js";
import type { Codec, Method } from "../../wire/index.js";
import { decode, type UnaryBinding, type UnaryHandler } from "../grpc/binding.js";

/** Items of a list that are encoded at once: about half a millisecond. */
const itemsAtOnce = 1_000;
/** Encoding one item costs as much as going through so many bytes. */
const bytesOfItem = 128;

/**
 * The bytes of a message whose last field is a list that may be very long, encoded in turns. Messages that are joined
 * decode as one, so each part is a message that has nothing but some of the items.
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

/** As `unary`, for an answer whose last field, `field`, is a list that may be very long. */
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
