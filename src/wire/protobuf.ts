import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/**
 * The codec of one kind of message. `Out` is the type of decoded messages, where it is narrower than that of messages
 * to encode: see `Encodable`.
 */
export interface Codec<Message, Out extends Message = Message> {
  /** Creates a message with these fields; the others are zero, empty or absent. */
  create(fields?: Partial<Message>): Message;
  /** Encodes the message as etcd does: fields in order of their numbers, zero values left out. */
  encode(message: Message): Uint8Array;
  /**
   * Decodes a message. Its `bytes` fields are views, so `bytes` must not change while the message is in use. Unknown
   * fields are skipped. Integers outside the safe range are clamped to it; ids are exact.
   *
   * @throws WireError when the bytes are malformed
   */
  decode(bytes: Uint8Array): Out;
  /** Reads fields up to the reader's end, over those of `base`; shared by generated code. */
  read(reader: Reader, base?: Out): Out;
  /** Writes the fields from the last to the first; shared by generated code. */
  write(writer: Writer, message: Message): void;
}

declare const encoded: unique symbol;
/** The encoded bytes of one `Message`, from `encode`, or marked as such by `encoded`. */
export type Encoded<Message> = Uint8Array & { readonly [encoded]: Message };

export function asEncoded<Message>(bytes: Uint8Array): Encoded<Message> {
  return bytes as Encoded<Message>;
}

/** A message or its encoded bytes: stored messages need not be decoded just to be sent. */
export type Encodable<Message> = Message | Encoded<Message>;

/** The codec of a message whose encoded bytes may stand for it inside other messages. */
export interface EncodableCodec<Message, Out extends Message = Message> extends Codec<Message, Out> {
  encode(message: Message): Encoded<Message>;
  /** Marks bytes as those of such a message; this is not checked. */
  encoded(bytes: Uint8Array): Encoded<Message>;
}

type Plain = string | number | bigint | boolean | undefined;

/** The type of a decoded message, when the message type also admits `Encoded` parts. */
export type Decoded<Message> = Message extends Plain
  ? Message
  : Message extends { readonly [encoded]: unknown }
    ? never
    : Message extends Uint8Array
      ? Message
      : Message extends readonly (infer Item)[]
        ? readonly Decoded<Item>[]
        : { readonly [Field in keyof Message]: Decoded<Message[Field]> };

/** A method of a gRPC service; `services` lists all methods. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}
