// Written by `npm run generate` from proto/wal.proto; changes belong there.
import { emptyBytes } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";
import { ConfState } from "./raft.js";

export interface Record {
  readonly type: number;
  /** The CRC-32C of the data of all records of the log up to this one. */
  readonly crc: number;
  readonly data: Uint8Array;
}

const fieldsOfRecord: FieldNumbers = {
  message: "walpb.Record",
  numbers: [1, 2, 3],
};

export const Record: Codec<Record> = {
  create({
    type = 0,
    crc = 0,
    data = emptyBytes,
  }: Partial<Record> = {}) {
    return { type, crc, data };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Record.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Record.read(new Reader(bytes));
  },
  read(reader) {
    let type = 0;
    let crc = 0;
    let data = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          type = reader.int53();
          break;
        case 16:
          crc = reader.uint32();
          break;
        case 26:
          data = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfRecord);
      }
    }
    return { type, crc, data };
  },
  write(writer, message) {
    if (message.data.length > 0) writer.bytes(26, message.data);
    writer.uint32(16, message.crc);
    writer.int53(8, message.type);
  },
};

/** A mark in the log: a snapshot that covers the entries up to this one was stored. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  /** since etcd 3.5 */
  readonly confState: ConfState | undefined;
}

const fieldsOfSnapshot: FieldNumbers = {
  message: "walpb.Snapshot",
  numbers: [1, 2, 3],
};

export const Snapshot: Codec<Snapshot> = {
  create({
    index = 0,
    term = 0,
    confState,
  }: Partial<Snapshot> = {}) {
    return { index, term, confState };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Snapshot.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Snapshot.read(new Reader(bytes));
  },
  read(reader) {
    let index = 0;
    let term = 0;
    let confState: ConfState | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          index = reader.uint53();
          break;
        case 16:
          term = reader.uint53();
          break;
        case 26: {
          const outer = reader.open();
          confState = ConfState.read(reader, confState);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfSnapshot);
      }
    }
    return { index, term, confState };
  },
  write(writer, message) {
    {
      const before = writer.written();
      ConfState.write(writer, (message.confState ?? ConfState.create()));
      writer.close(26, before);
    }
    writer.int53(16, message.term);
    writer.int53(8, message.index);
  },
};
