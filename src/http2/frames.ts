/** Types of frames (RFC 9113, 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlags = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Error codes (RFC 9113, 7). */
export const errorCodes = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

/** Ids of settings (RFC 9113, 6.5.2). */
export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const frameHeaderBytes = 9;
/** The most bytes of a frame's payload, in both directions: we never allow the other side more, and never send more. */
export const frameBytesMax = 16_384;
/**
 * Flow-control window of a stream and of a connection, in bytes, until a SETTINGS or WINDOW_UPDATE frame changes it.
 */
export const initialWindowBytes = 65_535;
export const windowBytesMax = 2 ** 31 - 1;

/** The first bytes of every client. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The other side broke the protocol in a way that ends the connection. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function violation(what: string): ConnectionError {
  return new ConnectionError(errorCodes.protocol, what);
}

export function tooWide(): ConnectionError {
  return new ConnectionError(errorCodes.flowControl, "a flow-control window exceeds 2^31-1");
}

/** @throws ConnectionError when the payload does not have the length of its type */
export function checkLength(payload: Buffer, bytes: number): void {
  if (payload.length !== bytes) {
    throw new ConnectionError(errorCodes.frameSize, `a payload of ${payload.length} bytes instead of ${bytes}`);
  }
}

/** @throws ConnectionError when the payload is shorter than its padding */
export function unpadded(flags: number, payload: Buffer): Buffer {
  if ((flags & frameFlags.padded) === 0) return payload;
  const padding = payload[0] ?? 0;
  if (padding >= payload.length) throw violation("the padding is longer than the frame");
  return payload.subarray(1, payload.length - padding);
}
