// What a decoder does not take, and how it says so.

/**
 * Most messages inside each other in bytes from a client: protobuf's own bound in Go. Real requests stay below ten.
 * Bytes of the log have no such bound: `decodeStored`.
 */
export const nestingMax = 10_000;

/** Bytes that no encoder would have written. Whoever sent them is at fault; nothing was kept of them. */
export class WireError extends Error {
  override readonly name = "WireError";

  constructor(message: string) {
    // Anyone can send garbage at line rate, and nobody reads where in the decoder it was noticed.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}

/** The field numbers of a message, to tell a field nobody knows from a known one of the wrong type. */
export interface FieldNumbers {
  readonly message: string;
  readonly numbers: readonly number[];
}

/** A message that would take too long to read; nothing of it is wrong but its size. */
export class TooManyParts extends WireError {
  constructor(partsMax: number) {
    super(`more than ${partsMax} messages and texts in one message`);
  }
}
