import { UntracedError } from "../base/index.js";

// The errors of decoders, and their bounds.

/**
 * The deepest nesting of messages in bytes from a client, the default of protobuf in Go. Real requests stay below ten.
 * Bytes of the log have no such bound: see `decodeStored`.
 */
export const nestingMax = 10_000;

/** The bytes are malformed; the sender is at fault, and nothing of them was kept. */
export class WireError extends UntracedError {
  override readonly name = "WireError";
}

/** The field numbers of a message, which tell an unknown field from a known one with the wrong wire type. */
export interface FieldNumbers {
  readonly message: string;
  readonly numbers: readonly number[];
}

/** The message would take too long to decode; only its size is wrong. */
export class TooManyParts extends WireError {
  constructor(partsMax: number) {
    super(`more than ${partsMax} messages, texts and numbers of lists in one message`);
  }
}
