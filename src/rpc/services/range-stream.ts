import { GrpcCode } from "../../base/index.js";
import type { GuardedStream, Headers, KvService, RangeChunk } from "../../server/index.js";
import { openedField, type RangeRequest, RangeResponse, type RangeStreamResponse } from "../../wire/index.js";
import type { MessageInPieces } from "../grpc/sent-messages.js";
import type { ServerStream } from "../grpc/stream.js";
import { CallError } from "./status.js";

interface RangeStreamServer {
  readonly kv: Pick<KvService, "streamRange">;
  readonly headers: Pick<Headers, "at">;
}

/** The number of the only field of `RangeStreamResponse`. */
const rangeResponseField = 1;

/** Sends the pairs of a range. The next chunk is read when the client has taken the one before. */
export async function sendRange(
  server: RangeStreamServer,
  stream: ServerStream<RangeRequest, RangeStreamResponse>,
): Promise<void> {
  const { call } = stream;
  const first = await stream.read()[Symbol.asyncIterator]().next();
  // As in grpc-go, for a client that sends no request.
  if (first.done === true) throw new CallError(GrpcCode.Unknown, "EOF");
  const range = await server.kv.streamRange(first.value, call);
  try {
    while (!call.cancelled) {
      // No variable keeps a chunk while its bytes wait for the client.
      const sent = await sendNext(server, range, stream);
      if (sent === "all") return;
      if (sent === "full") await stream.drained();
    }
  } finally {
    range.close();
  }
}

async function sendNext(
  { headers }: RangeStreamServer,
  range: GuardedStream,
  stream: ServerStream<RangeRequest, RangeStreamResponse>,
): Promise<"all" | "full" | "more"> {
  const chunk = await range.next();
  if (chunk === undefined) return "all";
  const { end } = chunk;
  const hasRoom = stream.writePieces(messageOf(chunk, end && headers.at(range.revision)));
  if (end !== undefined) return "all";
  return hasRoom ? "more" : "full";
}

/** A chunk as a message. Only the last chunk has a header, in front of its pairs, and a count behind them. */
function messageOf({ pieces, bytes, end }: RangeChunk, header: RangeResponse["header"]): MessageInPieces {
  const head = RangeResponse.encode(RangeResponse.create({ ...(header && { header }) }));
  const tail = RangeResponse.encode(RangeResponse.create({ ...end }));
  const length = head.length + bytes + tail.length;
  const opened = openedField(rangeResponseField, length);
  return { length: opened.length + length, pieces: [opened, head, ...pieces, tail] };
}
