// Written by `npm run generate` from proto/lock.proto; changes belong there.
import { emptyBytes, type Key } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";
import { ResponseHeader } from "./rpc.js";

export interface LockRequest {
  readonly name: Uint8Array;
  /** the lease of the owner, which ends the lock when it expires; 0: the server grants one */
  readonly lease: bigint;
}

const fieldsOfLockRequest: FieldNumbers = {
  message: "v3lockpb.LockRequest",
  numbers: [1, 2],
};

export const LockRequest: Codec<LockRequest> = {
  create({
    name = emptyBytes,
    lease = 0n,
  }: Partial<LockRequest> = {}) {
    return { name, lease };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LockRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LockRequest.read(new Reader(bytes));
  },
  read(reader) {
    let name = emptyBytes;
    let lease = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.bytes();
          break;
        case 16:
          lease = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfLockRequest);
      }
    }
    return { name, lease };
  },
  write(writer, message) {
    if (message.lease !== 0n) writer.int64(16, message.lease);
    if (message.name.length > 0) writer.bytes(10, message.name);
  },
};

/** The answer is sent when the lock is held. */
export interface LockResponse {
  readonly header: ResponseHeader | undefined;
  /** the lock is held while this key exists */
  readonly key: Key;
}

const fieldsOfLockResponse: FieldNumbers = {
  message: "v3lockpb.LockResponse",
  numbers: [1, 2],
};

export const LockResponse: Codec<LockResponse> = {
  create({
    header,
    key = "",
  }: Partial<LockResponse> = {}) {
    return { header, key };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LockResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LockResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let key = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18:
          key = reader.key();
          break;
        default:
          reader.skip(tag, fieldsOfLockResponse);
      }
    }
    return { header, key };
  },
  write(writer, message) {
    if (message.key !== "") writer.key(18, message.key);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface UnlockRequest {
  /** the key from `LockResponse` */
  readonly key: Key;
}

const fieldsOfUnlockRequest: FieldNumbers = {
  message: "v3lockpb.UnlockRequest",
  numbers: [1],
};

export const UnlockRequest: Codec<UnlockRequest> = {
  create({
    key = "",
  }: Partial<UnlockRequest> = {}) {
    return { key };
  },
  encode(message) {
    const writer = sharedWriter.start();
    UnlockRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return UnlockRequest.read(new Reader(bytes));
  },
  read(reader) {
    let key = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.key();
          break;
        default:
          reader.skip(tag, fieldsOfUnlockRequest);
      }
    }
    return { key };
  },
  write(writer, message) {
    if (message.key !== "") writer.key(10, message.key);
  },
};

export interface UnlockResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfUnlockResponse: FieldNumbers = {
  message: "v3lockpb.UnlockResponse",
  numbers: [1],
};

export const UnlockResponse: Codec<UnlockResponse> = {
  create({
    header,
  }: Partial<UnlockResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    UnlockResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return UnlockResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfUnlockResponse);
      }
    }
    return { header };
  },
  write(writer, message) {
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** Every method by the full name of its service, with what a transport needs to carry it. */
export const services = {
  "v3lockpb.Lock": {
    Lock: {
      path: "/v3lockpb.Lock/Lock",
      requestStream: false,
      responseStream: false,
      request: LockRequest,
      response: LockResponse,
    },
    Unlock: {
      path: "/v3lockpb.Lock/Unlock",
      requestStream: false,
      responseStream: false,
      request: UnlockRequest,
      response: UnlockResponse,
    },
  },
} as const;
