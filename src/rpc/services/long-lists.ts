import { type Clock, Turns } from "../../base/index.js";
import { encodeLongList, type Method } from "../../wire/index.js";
import type { UnaryBinding, UnaryHandler } from "../grpc/binding.js";
import { decode } from "../grpc/decoded-requests.js";

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
