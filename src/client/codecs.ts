/** How values of one type are stored as bytes. */
export interface ValueCodec<T> {
  encode(value: T): Uint8Array;
  /** @throws any error when the bytes are no such value */
  decode(bytes: Uint8Array): T;
}

const [toUtf8, fromUtf8] = [new TextEncoder(), new TextDecoder("utf-8", { ignoreBOM: true })];

/** Text as UTF-8. Bytes that are not UTF-8 are read as replacement characters. */
export const textCodec: ValueCodec<string> = {
  encode: (value) => toUtf8.encode(value),
  decode: (bytes) => fromUtf8.decode(bytes),
};

/** The bytes themselves. */
export const bytesCodec: ValueCodec<Uint8Array> = { encode: (value) => value, decode: (bytes) => bytes };

/** JSON. The type is the caller's claim: give `check` to verify what others have stored. */
export function jsonCodec<T>(check: (value: unknown) => T = (value) => value as T): ValueCodec<T> {
  return {
    encode: (value) => toUtf8.encode(JSON.stringify(value)),
    decode: (bytes) => check(JSON.parse(fromUtf8.decode(bytes))),
  };
}
