import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/**
 * What can be done with one kind of message. `Out` is what decoding yields where that is narrower than what encoding
 * takes: see `Encodable`.
 */
export interface Codec<Message, Out extends Message = Message> {
  /** A message with these fields; the others are zero, empty or absent. */
  create(fields?: Partial<Message>): Message;
  /** The bytes that etcd would write for this message: fields in order of their numbers, zero values left out. */
  encode(message: Message): Uint8Array;
  /**
   * The message in `bytes`. Its `bytes` fields are views of them, so they must not change while the message is in use.
   * Unknown fields are skipped. Integers outside of `number`'s safe range become its ends; ids are exact.
   *
   * @throws WireError when the bytes are malformed
   */
  decode(bytes: Uint8Array): Out;
  /** The part of `decode` that generated code shares: fields up to the reader's end, over those of `base`. */
  read(reader: Reader, base?: Out): Out;
  /** The part of `encode` that generated code shares: the fields from the last to the first. */
  write(writer: Writer, message: Message): void;
}

declare const encoded: unique symbol;
/** The bytes of one `Message`: as `encode` returned them, or as `encoded` vouched for them. */
export type Encoded<Message> = Uint8Array & { readonly [encoded]: Message };

export function asEncoded<Message>(bytes: Uint8Array): Encoded<Message> {
  return bytes as Encoded<Message>;
}

/** Stored messages need not be decoded only to be sent: where this stands, their bytes do as well. */
export type Encodable<Message> = Message | Encoded<Message>;

/** A message type whose bytes may stand for the message inside of others. */
export interface EncodableCodec<Message, Out extends Message = Message> extends Codec<Message, Out> {
  encode(message: Message): Encoded<Message>;
  /** Vouches that these are the bytes of such a message; nobody checks it again. */
  encoded(bytes: Uint8Array): Encoded<Message>;
}

type Plain = string | number | bigint | boolean | undefined;

/** A message as decoding yields it, when its type also admits `Encoded` parts. */
export type Decoded<Message> = Message extends Plain
  ? Message
  : Message extends { readonly [encoded]: unknown }
    ? never
    : Message extends Uint8Array
      ? Message
      : Message extends readonly (infer Item)[]
        ? readonly Decoded<Item>[]
        : { readonly [Field in keyof Message]: Decoded<Message[Field]> };

/** A method of a gRPC service: `services` lists them. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}
