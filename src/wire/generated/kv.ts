// Written by `npm run generate` from proto/kv.proto; changes belong there.
import { emptyBytes, type Key } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Decoded, type Encodable, type EncodableCodec, asEncoded } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

/** The state of a key after a revision. The store writes the same bytes to disk. */
export interface KeyValue {
  readonly key: Key;
  /** the revision at which this generation of the key began */
  readonly createRevision: number;
  /** the revision of the last put */
  readonly modRevision: number;
  /** the number of puts in this generation; 0 in a tombstone */
  readonly version: number;
  readonly value: Uint8Array;
  /** 0: none */
  readonly lease: bigint;
}

const fieldsOfKeyValue: FieldNumbers = {
  message: "mvccpb.KeyValue",
  numbers: [1, 2, 3, 4, 5, 6],
};

export const KeyValue: EncodableCodec<KeyValue> = {
  create({
    key = "",
    createRevision = 0,
    modRevision = 0,
    version = 0,
    value = emptyBytes,
    lease = 0n,
  }: Partial<KeyValue> = {}) {
    return { key, createRevision, modRevision, version, value, lease };
  },
  encode(message) {
    const writer = sharedWriter.start();
    KeyValue.write(writer, message);
    return asEncoded(writer.finish());
  },
  decode(bytes) {
    return KeyValue.read(new Reader(bytes));
  },
  encoded(bytes) {
    return asEncoded(bytes);
  },
  read(reader, base) {
    let key = base === undefined ? "" : base.key;
    let createRevision = base === undefined ? 0 : base.createRevision;
    let modRevision = base === undefined ? 0 : base.modRevision;
    let version = base === undefined ? 0 : base.version;
    let value = base === undefined ? emptyBytes : base.value;
    let lease = base === undefined ? 0n : base.lease;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.key();
          break;
        case 16:
          createRevision = reader.int53();
          break;
        case 24:
          modRevision = reader.int53();
          break;
        case 32:
          version = reader.int53();
          break;
        case 42:
          value = reader.bytes();
          break;
        case 48:
          lease = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfKeyValue);
      }
    }
    return { key, createRevision, modRevision, version, value, lease };
  },
  write(writer, message) {
    if (message.lease !== 0n) writer.int64(48, message.lease);
    if (message.value.length > 0) writer.bytes(42, message.value);
    if (message.version !== 0) writer.int53(32, message.version);
    if (message.modRevision !== 0) writer.int53(24, message.modRevision);
    if (message.createRevision !== 0) writer.int53(16, message.createRevision);
    if (message.key !== "") writer.key(10, message.key);
  },
};

export const EventType = {
  PUT: 0,
  DELETE: 1,
} as const;
/** Open: a number that is not listed stays as it came. */
export type EventType = number;

/** A change of a key, as watchers get it. */
export interface Event {
  readonly type: EventType;
  /** for a delete only key and mod_revision */
  readonly kv: Encodable<KeyValue> | undefined;
  /** the previous pair, for watchers that requested it */
  readonly prevKv: Encodable<KeyValue> | undefined;
}

const fieldsOfEvent: FieldNumbers = {
  message: "mvccpb.Event",
  numbers: [1, 2, 3],
};

export const Event: EncodableCodec<Event, Decoded<Event>> = {
  create({
    type = 0,
    kv,
    prevKv,
  }: Partial<Event> = {}) {
    return { type, kv, prevKv };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Event.write(writer, message);
    return asEncoded(writer.finish());
  },
  decode(bytes) {
    return Event.read(new Reader(bytes));
  },
  encoded(bytes) {
    return asEncoded(bytes);
  },
  read(reader) {
    let type = 0;
    let kv: KeyValue | undefined;
    let prevKv: KeyValue | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          type = reader.int32();
          break;
        case 18: {
          const outer = reader.open();
          kv = KeyValue.read(reader, kv);
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          prevKv = KeyValue.read(reader, prevKv);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfEvent);
      }
    }
    return { type, kv, prevKv };
  },
  write(writer, message) {
    if (message.prevKv !== undefined) {
      if (message.prevKv instanceof Uint8Array) writer.bytes(26, message.prevKv);
      else {
        const before = writer.written();
        KeyValue.write(writer, message.prevKv);
        writer.close(26, before);
      }
    }
    if (message.kv !== undefined) {
      if (message.kv instanceof Uint8Array) writer.bytes(18, message.kv);
      else {
        const before = writer.written();
        KeyValue.write(writer, message.kv);
        writer.close(18, before);
      }
    }
    if (message.type !== 0) writer.int32(8, message.type);
  },
};
