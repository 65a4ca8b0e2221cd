// Written by `npm run generate` from proto/store-v2.proto; changes belong there.
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

export interface Request {
  readonly id: bigint;
  /** PUT, DELETE, SYNC, ... */
  readonly method: string;
  readonly path: string;
  readonly val: string;
  readonly dir: boolean;
  readonly prevValue: string;
  readonly prevIndex: number;
  readonly prevExist: boolean | undefined;
  /** nanoseconds since 1970 */
  readonly expiration: bigint;
  readonly wait: boolean;
  readonly since: number;
  readonly recursive: boolean;
  readonly sorted: boolean;
  readonly quorum: boolean;
  /** nanoseconds since 1970 */
  readonly time: bigint;
  readonly stream: boolean;
  readonly refresh: boolean | undefined;
}

const fieldsOfRequest: FieldNumbers = {
  message: "etcdserverpb.Request",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
};

export const Request: Codec<Request> = {
  create({
    id = 0n,
    method = "",
    path = "",
    val = "",
    dir = false,
    prevValue = "",
    prevIndex = 0,
    prevExist,
    expiration = 0n,
    wait = false,
    since = 0,
    recursive = false,
    sorted = false,
    quorum = false,
    time = 0n,
    stream = false,
    refresh,
  }: Partial<Request> = {}) {
    return {
      id,
      method,
      path,
      val,
      dir,
      prevValue,
      prevIndex,
      prevExist,
      expiration,
      wait,
      since,
      recursive,
      sorted,
      quorum,
      time,
      stream,
      refresh,
    };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Request.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Request.read(new Reader(bytes));
  },
  read(reader, base) {
    let id = base === undefined ? 0n : base.id;
    let method = base === undefined ? "" : base.method;
    let path = base === undefined ? "" : base.path;
    let val = base === undefined ? "" : base.val;
    let dir = base === undefined ? false : base.dir;
    let prevValue = base === undefined ? "" : base.prevValue;
    let prevIndex = base === undefined ? 0 : base.prevIndex;
    let prevExist = base === undefined ? undefined : base.prevExist;
    let expiration = base === undefined ? 0n : base.expiration;
    let wait = base === undefined ? false : base.wait;
    let since = base === undefined ? 0 : base.since;
    let recursive = base === undefined ? false : base.recursive;
    let sorted = base === undefined ? false : base.sorted;
    let quorum = base === undefined ? false : base.quorum;
    let time = base === undefined ? 0n : base.time;
    let stream = base === undefined ? false : base.stream;
    let refresh = base === undefined ? undefined : base.refresh;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 18:
          method = reader.string();
          break;
        case 26:
          path = reader.string();
          break;
        case 34:
          val = reader.string();
          break;
        case 40:
          dir = reader.bool();
          break;
        case 50:
          prevValue = reader.string();
          break;
        case 56:
          prevIndex = reader.uint53();
          break;
        case 64:
          prevExist = reader.bool();
          break;
        case 72:
          expiration = reader.int64();
          break;
        case 80:
          wait = reader.bool();
          break;
        case 88:
          since = reader.uint53();
          break;
        case 96:
          recursive = reader.bool();
          break;
        case 104:
          sorted = reader.bool();
          break;
        case 112:
          quorum = reader.bool();
          break;
        case 120:
          time = reader.int64();
          break;
        case 128:
          stream = reader.bool();
          break;
        case 136:
          refresh = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfRequest);
      }
    }
    return {
      id,
      method,
      path,
      val,
      dir,
      prevValue,
      prevIndex,
      prevExist,
      expiration,
      wait,
      since,
      recursive,
      sorted,
      quorum,
      time,
      stream,
      refresh,
    };
  },
  write(writer, message) {
    if (message.refresh !== undefined) writer.bool(136, message.refresh);
    writer.bool(128, message.stream);
    writer.int64(120, message.time);
    writer.bool(112, message.quorum);
    writer.bool(104, message.sorted);
    writer.bool(96, message.recursive);
    writer.int53(88, message.since);
    writer.bool(80, message.wait);
    writer.int64(72, message.expiration);
    if (message.prevExist !== undefined) writer.bool(64, message.prevExist);
    writer.int53(56, message.prevIndex);
    writer.string(50, message.prevValue);
    writer.bool(40, message.dir);
    writer.string(34, message.val);
    writer.string(26, message.path);
    writer.string(18, message.method);
    writer.int64(8, message.id);
  },
};

/** The first record of a write-ahead log, which identifies its owner. */
export interface Metadata {
  readonly nodeId: bigint;
  readonly clusterId: bigint;
}

const fieldsOfMetadata: FieldNumbers = {
  message: "etcdserverpb.Metadata",
  numbers: [1, 2],
};

export const Metadata: Codec<Metadata> = {
  create({
    nodeId = 0n,
    clusterId = 0n,
  }: Partial<Metadata> = {}) {
    return { nodeId, clusterId };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Metadata.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Metadata.read(new Reader(bytes));
  },
  read(reader) {
    let nodeId = 0n;
    let clusterId = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          nodeId = reader.uint64();
          break;
        case 16:
          clusterId = reader.uint64();
          break;
        default:
          reader.skip(tag, fieldsOfMetadata);
      }
    }
    return { nodeId, clusterId };
  },
  write(writer, message) {
    writer.int64(16, message.clusterId);
    writer.int64(8, message.nodeId);
  },
};
