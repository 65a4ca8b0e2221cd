import type { Http2Stream } from "../../http2/index.js";
import type { StreamBinding } from "./binding.js";

/**
 * The memory of an open call, with its share of the connection, beside its metadata and the handler of a stream. A call
 * that has sent nothing counts far more than it takes, since no client needs very many of them.
 */
export const callBytes = 4 * 1024;
/**
 * The memory of a stream whose handler runs, beside that of the handler, and how much of its metadata that includes. A
 * stream took 814 bytes with the same metadata as the calls before it, and 1,220 with some of its own.
 */
const runningStreamBytes = 1_280;
const includedMetadataBytes = 1_024;
/**
 * The memory of a handler: of a session, of which there may be very many, and of one with promises that wait. Observers
 * of an election took 8,900 bytes each.
 */
const handlerBytes = { session: 512, reader: 9 * 1024 };

/**
 * Counts the memory of a stream whose handler begins, instead of what was counted when the stream was opened.
 *
 * @returns false when there is no room for the handler
 */
export function chargeHandler(stream: Http2Stream, { open, memoryBytes }: StreamBinding): boolean {
  const spareBytes = callBytes - runningStreamBytes + includedMetadataBytes;
  stream.uncharge(Math.min(spareBytes, stream.chargedBytes - runningStreamBytes));
  return stream.charge(memoryBytes ?? (open === undefined ? handlerBytes.reader : handlerBytes.session));
}
