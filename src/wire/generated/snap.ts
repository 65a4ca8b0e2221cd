// Written by `npm run generate` from proto/snap.proto; changes belong there.
import { emptyBytes } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

export interface Snapshot {
  /** CRC-32C of the data */
  readonly crc: number;
  /** an encoded raftpb.Snapshot */
  readonly data: Uint8Array;
}

const fieldsOfSnapshot: FieldNumbers = {
  message: "snappb.Snapshot",
  numbers: [1, 2],
};

export const Snapshot: Codec<Snapshot> = {
  create({
    crc = 0,
    data = emptyBytes,
  }: Partial<Snapshot> = {}) {
    return { crc, data };
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
    let crc = 0;
    let data = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          crc = reader.uint32();
          break;
        case 18:
          data = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfSnapshot);
      }
    }
    return { crc, data };
  },
  write(writer, message) {
    if (message.data.length > 0) writer.bytes(18, message.data);
    writer.uint32(8, message.crc);
  },
};
