// Written by `npm run generate` from proto/rpc.proto; changes belong there.
import { emptyBytes, type Key } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec, type Decoded, type Encodable } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";
import { Event, KeyValue } from "./kv.js";
import { Permission, UserAddOptions } from "./auth.js";

/** The header of every answer, with its sender and its revision. */
export interface ResponseHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** the current revision of the store; in the progress of a watch, all events up to it were sent */
  readonly revision: number;
  readonly raftTerm: number;
}

const fieldsOfResponseHeader: FieldNumbers = {
  message: "etcdserverpb.ResponseHeader",
  numbers: [1, 2, 3, 4],
};

export const ResponseHeader: Codec<ResponseHeader> = {
  create({
    clusterId = 0n,
    memberId = 0n,
    revision = 0,
    raftTerm = 0,
  }: Partial<ResponseHeader> = {}) {
    return { clusterId, memberId, revision, raftTerm };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ResponseHeader.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ResponseHeader.read(new Reader(bytes));
  },
  read(reader, base) {
    let clusterId = base === undefined ? 0n : base.clusterId;
    let memberId = base === undefined ? 0n : base.memberId;
    let revision = base === undefined ? 0 : base.revision;
    let raftTerm = base === undefined ? 0 : base.raftTerm;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          clusterId = reader.uint64();
          break;
        case 16:
          memberId = reader.uint64();
          break;
        case 24:
          revision = reader.int53();
          break;
        case 32:
          raftTerm = reader.uint53();
          break;
        default:
          reader.skip(tag, fieldsOfResponseHeader);
      }
    }
    return { clusterId, memberId, revision, raftTerm };
  },
  write(writer, message) {
    if (message.raftTerm !== 0) writer.int53(32, message.raftTerm);
    if (message.revision !== 0) writer.int53(24, message.revision);
    if (message.memberId !== 0n) writer.int64(16, message.memberId);
    if (message.clusterId !== 0n) writer.int64(8, message.clusterId);
  },
};

export const SortOrder = {
  NONE: 0,
  ASCEND: 1,
  DESCEND: 2,
} as const;
/** Open: a number that is not listed stays as it came. */
export type SortOrder = number;

export const SortTarget = {
  KEY: 0,
  VERSION: 1,
  CREATE: 2,
  MOD: 3,
  VALUE: 4,
} as const;
/** Open: a number that is not listed stays as it came. */
export type SortTarget = number;

export interface RangeRequest {
  readonly key: Key;
  readonly rangeEnd: Key;
  /** the maximum number of returned keys; 0: all */
  readonly limit: number;
  /** the revision to read; 0 or less: the current one */
  readonly revision: number;
  readonly sortOrder: SortOrder;
  readonly sortTarget: SortTarget;
  /** answer from the local data of the member, which may be stale */
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** Keys outside of these bounds are omitted from `kvs`, but counted in `count`. 0: no bound. */
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

const fieldsOfRangeRequest: FieldNumbers = {
  message: "etcdserverpb.RangeRequest",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
};

export const RangeRequest: Codec<RangeRequest> = {
  create({
    key = "",
    rangeEnd = "",
    limit = 0,
    revision = 0,
    sortOrder = 0,
    sortTarget = 0,
    serializable = false,
    keysOnly = false,
    countOnly = false,
    minModRevision = 0,
    maxModRevision = 0,
    minCreateRevision = 0,
    maxCreateRevision = 0,
  }: Partial<RangeRequest> = {}) {
    return {
      key,
      rangeEnd,
      limit,
      revision,
      sortOrder,
      sortTarget,
      serializable,
      keysOnly,
      countOnly,
      minModRevision,
      maxModRevision,
      minCreateRevision,
      maxCreateRevision,
    };
  },
  encode(message) {
    const writer = sharedWriter.start();
    RangeRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return RangeRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let key = base === undefined ? "" : base.key;
    let rangeEnd = base === undefined ? "" : base.rangeEnd;
    let limit = base === undefined ? 0 : base.limit;
    let revision = base === undefined ? 0 : base.revision;
    let sortOrder = base === undefined ? 0 : base.sortOrder;
    let sortTarget = base === undefined ? 0 : base.sortTarget;
    let serializable = base === undefined ? false : base.serializable;
    let keysOnly = base === undefined ? false : base.keysOnly;
    let countOnly = base === undefined ? false : base.countOnly;
    let minModRevision = base === undefined ? 0 : base.minModRevision;
    let maxModRevision = base === undefined ? 0 : base.maxModRevision;
    let minCreateRevision = base === undefined ? 0 : base.minCreateRevision;
    let maxCreateRevision = base === undefined ? 0 : base.maxCreateRevision;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.key();
          break;
        case 18:
          rangeEnd = reader.key();
          break;
        case 24:
          limit = reader.int53();
          break;
        case 32:
          revision = reader.int53();
          break;
        case 40:
          sortOrder = reader.int32();
          break;
        case 48:
          sortTarget = reader.int32();
          break;
        case 56:
          serializable = reader.bool();
          break;
        case 64:
          keysOnly = reader.bool();
          break;
        case 72:
          countOnly = reader.bool();
          break;
        case 80:
          minModRevision = reader.int53();
          break;
        case 88:
          maxModRevision = reader.int53();
          break;
        case 96:
          minCreateRevision = reader.int53();
          break;
        case 104:
          maxCreateRevision = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfRangeRequest);
      }
    }
    return {
      key,
      rangeEnd,
      limit,
      revision,
      sortOrder,
      sortTarget,
      serializable,
      keysOnly,
      countOnly,
      minModRevision,
      maxModRevision,
      minCreateRevision,
      maxCreateRevision,
    };
  },
  write(writer, message) {
    if (message.maxCreateRevision !== 0) writer.int53(104, message.maxCreateRevision);
    if (message.minCreateRevision !== 0) writer.int53(96, message.minCreateRevision);
    if (message.maxModRevision !== 0) writer.int53(88, message.maxModRevision);
    if (message.minModRevision !== 0) writer.int53(80, message.minModRevision);
    if (message.countOnly) writer.bool(72, message.countOnly);
    if (message.keysOnly) writer.bool(64, message.keysOnly);
    if (message.serializable) writer.bool(56, message.serializable);
    if (message.sortTarget !== 0) writer.int32(48, message.sortTarget);
    if (message.sortOrder !== 0) writer.int32(40, message.sortOrder);
    if (message.revision !== 0) writer.int53(32, message.revision);
    if (message.limit !== 0) writer.int53(24, message.limit);
    if (message.rangeEnd !== "") writer.key(18, message.rangeEnd);
    if (message.key !== "") writer.key(10, message.key);
  },
};

export interface RangeResponse {
  readonly header: ResponseHeader | undefined;
  readonly kvs: readonly Encodable<KeyValue>[];
  /** there are more keys than the limit */
  readonly more: boolean;
  /** the number of keys in the range, independent of limit and bounds */
  readonly count: number;
}

const fieldsOfRangeResponse: FieldNumbers = {
  message: "etcdserverpb.RangeResponse",
  numbers: [1, 2, 3, 4],
};

export const RangeResponse: Codec<RangeResponse, Decoded<RangeResponse>> = {
  create({
    header,
    kvs = [],
    more = false,
    count = 0,
  }: Partial<RangeResponse> = {}) {
    return { header, kvs, more, count };
  },
  encode(message) {
    const writer = sharedWriter.start();
    RangeResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return RangeResponse.read(new Reader(bytes));
  },
  read(reader, base) {
    let header = base === undefined ? undefined : base.header;
    const kvs: KeyValue[] = base === undefined ? [] : [...base.kvs];
    let more = base === undefined ? false : base.more;
    let count = base === undefined ? 0 : base.count;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          kvs.push(KeyValue.read(reader));
          reader.close(outer);
          break;
        }
        case 24:
          more = reader.bool();
          break;
        case 32:
          count = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfRangeResponse);
      }
    }
    return { header, kvs, more, count };
  },
  write(writer, message) {
    if (message.count !== 0) writer.int53(32, message.count);
    if (message.more) writer.bool(24, message.more);
    for (let i = message.kvs.length - 1; i >= 0; i--) {
      const item = message.kvs[i];
      if (item === undefined) continue;
      if (item instanceof Uint8Array) writer.bytes(18, item);
      else {
        const before = writer.written();
        KeyValue.write(writer, item);
        writer.close(18, before);
      }
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/**
 * Some keys of a range, in key order; since 3.7. Only the last message of a stream has `header`, `more` and `count`, so
 * that all messages merged are what Range would answer.
 */
export interface RangeStreamResponse {
  readonly rangeResponse: RangeResponse | undefined;
}

const fieldsOfRangeStreamResponse: FieldNumbers = {
  message: "etcdserverpb.RangeStreamResponse",
  numbers: [1],
};

export const RangeStreamResponse: Codec<RangeStreamResponse, Decoded<RangeStreamResponse>> = {
  create({
    rangeResponse,
  }: Partial<RangeStreamResponse> = {}) {
    return { rangeResponse };
  },
  encode(message) {
    const writer = sharedWriter.start();
    RangeStreamResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return RangeStreamResponse.read(new Reader(bytes));
  },
  read(reader) {
    let rangeResponse: Decoded<RangeResponse> | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          rangeResponse = RangeResponse.read(reader, rangeResponse);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfRangeStreamResponse);
      }
    }
    return { rangeResponse };
  },
  write(writer, message) {
    if (message.rangeResponse !== undefined) {
      const before = writer.written();
      RangeResponse.write(writer, message.rangeResponse);
      writer.close(10, before);
    }
  },
};

export interface PutRequest {
  readonly key: Key;
  readonly value: Uint8Array;
  readonly lease: bigint;
  /** return the previous pair */
  readonly prevKv: boolean;
  /** keep the value and change the lease */
  readonly ignoreValue: boolean;
  /** keep the lease and change the value */
  readonly ignoreLease: boolean;
}

const fieldsOfPutRequest: FieldNumbers = {
  message: "etcdserverpb.PutRequest",
  numbers: [1, 2, 3, 4, 5, 6],
};

export const PutRequest: Codec<PutRequest> = {
  create({
    key = "",
    value = emptyBytes,
    lease = 0n,
    prevKv = false,
    ignoreValue = false,
    ignoreLease = false,
  }: Partial<PutRequest> = {}) {
    return { key, value, lease, prevKv, ignoreValue, ignoreLease };
  },
  encode(message) {
    const writer = sharedWriter.start();
    PutRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return PutRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let key = base === undefined ? "" : base.key;
    let value = base === undefined ? emptyBytes : base.value;
    let lease = base === undefined ? 0n : base.lease;
    let prevKv = base === undefined ? false : base.prevKv;
    let ignoreValue = base === undefined ? false : base.ignoreValue;
    let ignoreLease = base === undefined ? false : base.ignoreLease;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.key();
          break;
        case 18:
          value = reader.bytes();
          break;
        case 24:
          lease = reader.int64();
          break;
        case 32:
          prevKv = reader.bool();
          break;
        case 40:
          ignoreValue = reader.bool();
          break;
        case 48:
          ignoreLease = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfPutRequest);
      }
    }
    return { key, value, lease, prevKv, ignoreValue, ignoreLease };
  },
  write(writer, message) {
    if (message.ignoreLease) writer.bool(48, message.ignoreLease);
    if (message.ignoreValue) writer.bool(40, message.ignoreValue);
    if (message.prevKv) writer.bool(32, message.prevKv);
    if (message.lease !== 0n) writer.int64(24, message.lease);
    if (message.value.length > 0) writer.bytes(18, message.value);
    if (message.key !== "") writer.key(10, message.key);
  },
};

export interface PutResponse {
  readonly header: ResponseHeader | undefined;
  readonly prevKv: Encodable<KeyValue> | undefined;
}

const fieldsOfPutResponse: FieldNumbers = {
  message: "etcdserverpb.PutResponse",
  numbers: [1, 2],
};

export const PutResponse: Codec<PutResponse, Decoded<PutResponse>> = {
  create({
    header,
    prevKv,
  }: Partial<PutResponse> = {}) {
    return { header, prevKv };
  },
  encode(message) {
    const writer = sharedWriter.start();
    PutResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return PutResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let prevKv: KeyValue | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          prevKv = KeyValue.read(reader, prevKv);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfPutResponse);
      }
    }
    return { header, prevKv };
  },
  write(writer, message) {
    if (message.prevKv !== undefined) {
      if (message.prevKv instanceof Uint8Array) writer.bytes(18, message.prevKv);
      else {
        const before = writer.written();
        KeyValue.write(writer, message.prevKv);
        writer.close(18, before);
      }
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface DeleteRangeRequest {
  readonly key: Key;
  readonly rangeEnd: Key;
  /** return the deleted pairs */
  readonly prevKv: boolean;
}

const fieldsOfDeleteRangeRequest: FieldNumbers = {
  message: "etcdserverpb.DeleteRangeRequest",
  numbers: [1, 2, 3],
};

export const DeleteRangeRequest: Codec<DeleteRangeRequest> = {
  create({
    key = "",
    rangeEnd = "",
    prevKv = false,
  }: Partial<DeleteRangeRequest> = {}) {
    return { key, rangeEnd, prevKv };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DeleteRangeRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DeleteRangeRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let key = base === undefined ? "" : base.key;
    let rangeEnd = base === undefined ? "" : base.rangeEnd;
    let prevKv = base === undefined ? false : base.prevKv;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.key();
          break;
        case 18:
          rangeEnd = reader.key();
          break;
        case 24:
          prevKv = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfDeleteRangeRequest);
      }
    }
    return { key, rangeEnd, prevKv };
  },
  write(writer, message) {
    if (message.prevKv) writer.bool(24, message.prevKv);
    if (message.rangeEnd !== "") writer.key(18, message.rangeEnd);
    if (message.key !== "") writer.key(10, message.key);
  },
};

export interface DeleteRangeResponse {
  readonly header: ResponseHeader | undefined;
  readonly deleted: number;
  readonly prevKvs: readonly Encodable<KeyValue>[];
}

const fieldsOfDeleteRangeResponse: FieldNumbers = {
  message: "etcdserverpb.DeleteRangeResponse",
  numbers: [1, 2, 3],
};

export const DeleteRangeResponse: Codec<DeleteRangeResponse, Decoded<DeleteRangeResponse>> = {
  create({
    header,
    deleted = 0,
    prevKvs = [],
  }: Partial<DeleteRangeResponse> = {}) {
    return { header, deleted, prevKvs };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DeleteRangeResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DeleteRangeResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let deleted = 0;
    const prevKvs: KeyValue[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          deleted = reader.int53();
          break;
        case 26: {
          const outer = reader.open();
          prevKvs.push(KeyValue.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfDeleteRangeResponse);
      }
    }
    return { header, deleted, prevKvs };
  },
  write(writer, message) {
    for (let i = message.prevKvs.length - 1; i >= 0; i--) {
      const item = message.prevKvs[i];
      if (item === undefined) continue;
      if (item instanceof Uint8Array) writer.bytes(26, item);
      else {
        const before = writer.written();
        KeyValue.write(writer, item);
        writer.close(26, before);
      }
    }
    if (message.deleted !== 0) writer.int53(16, message.deleted);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** Carries out `success` if all comparisons hold, and `failure` otherwise, at one revision. */
export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

const fieldsOfTxnRequest: FieldNumbers = {
  message: "etcdserverpb.TxnRequest",
  numbers: [1, 2, 3],
};

export const TxnRequest: Codec<TxnRequest> = {
  create({
    compare = [],
    success = [],
    failure = [],
  }: Partial<TxnRequest> = {}) {
    return { compare, success, failure };
  },
  encode(message) {
    const writer = sharedWriter.start();
    TxnRequest.write(writer, message);
    return writer.cut ? writer.finishCut(TxnRequest.write, message) : writer.finish();
  },
  decode(bytes) {
    const reader = new Reader(bytes);
    const message = TxnRequest.read(reader);
    reader.readPostponed();
    return message;
  },
  read(reader, base) {
    const compare: Compare[] = base === undefined ? [] : [...base.compare];
    const success: RequestOp[] = base === undefined ? [] : [...base.success];
    const failure: RequestOp[] = base === undefined ? [] : [...base.failure];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          compare.push(Compare.read(reader));
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          success.push(RequestOp.read(reader));
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          failure.push(RequestOp.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfTxnRequest);
      }
    }
    return { compare, success, failure };
  },
  write(writer, message) {
    for (let i = message.failure.length - 1; i >= 0; i--) {
      const item = message.failure[i];
      if (item === undefined) continue;
      const before = writer.written();
      RequestOp.write(writer, item);
      writer.close(26, before);
    }
    for (let i = message.success.length - 1; i >= 0; i--) {
      const item = message.success[i];
      if (item === undefined) continue;
      const before = writer.written();
      RequestOp.write(writer, item);
      writer.close(18, before);
    }
    for (let i = message.compare.length - 1; i >= 0; i--) {
      const item = message.compare[i];
      if (item === undefined) continue;
      const before = writer.written();
      Compare.write(writer, item);
      writer.close(10, before);
    }
  },
};

export interface TxnResponse {
  readonly header: ResponseHeader | undefined;
  readonly succeeded: boolean;
  /** in the order of the requests of the chosen branch */
  readonly responses: readonly ResponseOp[];
}

const fieldsOfTxnResponse: FieldNumbers = {
  message: "etcdserverpb.TxnResponse",
  numbers: [1, 2, 3],
};

export const TxnResponse: Codec<TxnResponse, Decoded<TxnResponse>> = {
  create({
    header,
    succeeded = false,
    responses = [],
  }: Partial<TxnResponse> = {}) {
    return { header, succeeded, responses };
  },
  encode(message) {
    const writer = sharedWriter.start();
    TxnResponse.write(writer, message);
    return writer.cut ? writer.finishCut(TxnResponse.write, message) : writer.finish();
  },
  decode(bytes) {
    const reader = new Reader(bytes);
    const message = TxnResponse.read(reader);
    reader.readPostponed();
    return message;
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let succeeded = false;
    const responses: Decoded<ResponseOp>[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          succeeded = reader.bool();
          break;
        case 26: {
          const outer = reader.open();
          responses.push(ResponseOp.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfTxnResponse);
      }
    }
    return { header, succeeded, responses };
  },
  write(writer, message) {
    for (let i = message.responses.length - 1; i >= 0; i--) {
      const item = message.responses[i];
      if (item === undefined) continue;
      const before = writer.written();
      ResponseOp.write(writer, item);
      writer.close(26, before);
    }
    if (message.succeeded) writer.bool(16, message.succeeded);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface RequestOp {
  readonly request:
    | { readonly case: "requestRange"; readonly value: RangeRequest }
    | { readonly case: "requestPut"; readonly value: PutRequest }
    | { readonly case: "requestDeleteRange"; readonly value: DeleteRangeRequest }
    | { readonly case: "requestTxn"; readonly value: TxnRequest }
    | undefined;
}

const fieldsOfRequestOp: FieldNumbers = {
  message: "etcdserverpb.RequestOp",
  numbers: [1, 2, 3, 4],
};

export const RequestOp: Codec<RequestOp> = {
  create({
    request,
  }: Partial<RequestOp> = {}) {
    return { request };
  },
  encode(message) {
    const writer = sharedWriter.start();
    RequestOp.write(writer, message);
    return writer.cut ? writer.finishCut(RequestOp.write, message) : writer.finish();
  },
  decode(bytes) {
    const reader = new Reader(bytes);
    const message = RequestOp.read(reader);
    reader.readPostponed();
    return message;
  },
  read(reader) {
    let request: RequestOp["request"];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          request = { case: "requestRange", value: RangeRequest.read(reader) };
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          request = { case: "requestPut", value: PutRequest.read(reader) };
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          request = { case: "requestDeleteRange", value: DeleteRangeRequest.read(reader) };
          reader.close(outer);
          break;
        }
        case 34: {
          const postponed = { case: "requestTxn" as const, value: TxnRequest.decode(emptyBytes) };
          reader.postpone(() => {
            postponed.value = TxnRequest.read(reader);
          });
          request = postponed;
          break;
        }
        default:
          reader.skip(tag, fieldsOfRequestOp);
      }
    }
    return { request };
  },
  write(writer, message) {
    const { request } = message;
    if (request !== undefined) {
      switch (request.case) {
        case "requestRange": {
          const before = writer.written();
          RangeRequest.write(writer, request.value);
          writer.close(10, before);
          break;
        }
        case "requestPut": {
          const before = writer.written();
          PutRequest.write(writer, request.value);
          writer.close(18, before);
          break;
        }
        case "requestDeleteRange": {
          const before = writer.written();
          DeleteRangeRequest.write(writer, request.value);
          writer.close(26, before);
          break;
        }
        case "requestTxn": {
          const before = writer.written();
          writer.nested(TxnRequest.write, request.value);
          writer.close(34, before);
          break;
        }
      }
    }
  },
};

export interface ResponseOp {
  readonly response:
    | { readonly case: "responseRange"; readonly value: RangeResponse }
    | { readonly case: "responsePut"; readonly value: PutResponse }
    | { readonly case: "responseDeleteRange"; readonly value: DeleteRangeResponse }
    | { readonly case: "responseTxn"; readonly value: TxnResponse }
    | undefined;
}

const fieldsOfResponseOp: FieldNumbers = {
  message: "etcdserverpb.ResponseOp",
  numbers: [1, 2, 3, 4],
};

export const ResponseOp: Codec<ResponseOp, Decoded<ResponseOp>> = {
  create({
    response,
  }: Partial<ResponseOp> = {}) {
    return { response };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ResponseOp.write(writer, message);
    return writer.cut ? writer.finishCut(ResponseOp.write, message) : writer.finish();
  },
  decode(bytes) {
    const reader = new Reader(bytes);
    const message = ResponseOp.read(reader);
    reader.readPostponed();
    return message;
  },
  read(reader) {
    let response: Decoded<ResponseOp>["response"];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          response = { case: "responseRange", value: RangeResponse.read(reader) };
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          response = { case: "responsePut", value: PutResponse.read(reader) };
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          response = { case: "responseDeleteRange", value: DeleteRangeResponse.read(reader) };
          reader.close(outer);
          break;
        }
        case 34: {
          const postponed = { case: "responseTxn" as const, value: TxnResponse.decode(emptyBytes) };
          reader.postpone(() => {
            postponed.value = TxnResponse.read(reader);
          });
          response = postponed;
          break;
        }
        default:
          reader.skip(tag, fieldsOfResponseOp);
      }
    }
    return { response };
  },
  write(writer, message) {
    const { response } = message;
    if (response !== undefined) {
      switch (response.case) {
        case "responseRange": {
          const before = writer.written();
          RangeResponse.write(writer, response.value);
          writer.close(10, before);
          break;
        }
        case "responsePut": {
          const before = writer.written();
          PutResponse.write(writer, response.value);
          writer.close(18, before);
          break;
        }
        case "responseDeleteRange": {
          const before = writer.written();
          DeleteRangeResponse.write(writer, response.value);
          writer.close(26, before);
          break;
        }
        case "responseTxn": {
          const before = writer.written();
          writer.nested(TxnResponse.write, response.value);
          writer.close(34, before);
          break;
        }
      }
    }
  },
};

export const CompareResult = {
  EQUAL: 0,
  GREATER: 1,
  LESS: 2,
  NOT_EQUAL: 3,
} as const;
/** Open: a number that is not listed stays as it came. */
export type CompareResult = number;

export const CompareTarget = {
  VERSION: 0,
  CREATE: 1,
  MOD: 2,
  VALUE: 3,
  LEASE: 4,
} as const;
/** Open: a number that is not listed stays as it came. */
export type CompareTarget = number;

/** Holds if "the `target` of the key is `result` than the operand" is true for all keys of the range. */
export interface Compare {
  readonly result: CompareResult;
  readonly target: CompareTarget;
  readonly key: Key;
  readonly targetUnion:
    | { readonly case: "version"; readonly value: number }
    | { readonly case: "createRevision"; readonly value: number }
    | { readonly case: "modRevision"; readonly value: number }
    | { readonly case: "value"; readonly value: Uint8Array }
    | { readonly case: "lease"; readonly value: bigint }
    | undefined;
  readonly rangeEnd: Key;
}

const fieldsOfCompare: FieldNumbers = {
  message: "etcdserverpb.Compare",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8, 64],
};

export const Compare: Codec<Compare> = {
  create({
    result = 0,
    target = 0,
    key = "",
    targetUnion,
    rangeEnd = "",
  }: Partial<Compare> = {}) {
    return { result, target, key, targetUnion, rangeEnd };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Compare.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Compare.read(new Reader(bytes));
  },
  read(reader) {
    let result = 0;
    let target = 0;
    let key = "";
    let targetUnion: Compare["targetUnion"];
    let rangeEnd = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          result = reader.int32();
          break;
        case 16:
          target = reader.int32();
          break;
        case 26:
          key = reader.key();
          break;
        case 32:
          targetUnion = { case: "version", value: reader.int53() };
          break;
        case 40:
          targetUnion = { case: "createRevision", value: reader.int53() };
          break;
        case 48:
          targetUnion = { case: "modRevision", value: reader.int53() };
          break;
        case 58:
          targetUnion = { case: "value", value: reader.bytes() };
          break;
        case 64:
          targetUnion = { case: "lease", value: reader.int64() };
          break;
        case 514:
          rangeEnd = reader.key();
          break;
        default:
          reader.skip(tag, fieldsOfCompare);
      }
    }
    return { result, target, key, targetUnion, rangeEnd };
  },
  write(writer, message) {
    if (message.rangeEnd !== "") writer.key(514, message.rangeEnd);
    const { targetUnion } = message;
    if (targetUnion !== undefined) {
      switch (targetUnion.case) {
        case "version": {
          writer.int53(32, targetUnion.value);
          break;
        }
        case "createRevision": {
          writer.int53(40, targetUnion.value);
          break;
        }
        case "modRevision": {
          writer.int53(48, targetUnion.value);
          break;
        }
        case "value": {
          writer.bytes(58, targetUnion.value);
          break;
        }
        case "lease": {
          writer.int64(64, targetUnion.value);
          break;
        }
      }
    }
    if (message.key !== "") writer.key(26, message.key);
    if (message.target !== 0) writer.int32(16, message.target);
    if (message.result !== 0) writer.int32(8, message.result);
  },
};

/** Removes the history of keys before `revision`. */
export interface CompactionRequest {
  readonly revision: number;
  /** answer after the removal from the database */
  readonly physical: boolean;
}

const fieldsOfCompactionRequest: FieldNumbers = {
  message: "etcdserverpb.CompactionRequest",
  numbers: [1, 2],
};

export const CompactionRequest: Codec<CompactionRequest> = {
  create({
    revision = 0,
    physical = false,
  }: Partial<CompactionRequest> = {}) {
    return { revision, physical };
  },
  encode(message) {
    const writer = sharedWriter.start();
    CompactionRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return CompactionRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let revision = base === undefined ? 0 : base.revision;
    let physical = base === undefined ? false : base.physical;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          revision = reader.int53();
          break;
        case 16:
          physical = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfCompactionRequest);
      }
    }
    return { revision, physical };
  },
  write(writer, message) {
    if (message.physical) writer.bool(16, message.physical);
    if (message.revision !== 0) writer.int53(8, message.revision);
  },
};

export interface CompactionResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfCompactionResponse: FieldNumbers = {
  message: "etcdserverpb.CompactionResponse",
  numbers: [1],
};

export const CompactionResponse: Codec<CompactionResponse> = {
  create({
    header,
  }: Partial<CompactionResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    CompactionResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return CompactionResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfCompactionResponse);
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

export interface WatchRequest {
  readonly requestUnion:
    | { readonly case: "createRequest"; readonly value: WatchCreateRequest }
    | { readonly case: "cancelRequest"; readonly value: WatchCancelRequest }
    | { readonly case: "progressRequest"; readonly value: WatchProgressRequest }
    | undefined;
}

const fieldsOfWatchRequest: FieldNumbers = {
  message: "etcdserverpb.WatchRequest",
  numbers: [1, 2, 3],
};

export const WatchRequest: Codec<WatchRequest> = {
  create({
    requestUnion,
  }: Partial<WatchRequest> = {}) {
    return { requestUnion };
  },
  encode(message) {
    const writer = sharedWriter.start();
    WatchRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return WatchRequest.read(new Reader(bytes));
  },
  read(reader) {
    let requestUnion: WatchRequest["requestUnion"];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          requestUnion = { case: "createRequest", value: WatchCreateRequest.read(reader) };
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          requestUnion = { case: "cancelRequest", value: WatchCancelRequest.read(reader) };
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          requestUnion = { case: "progressRequest", value: WatchProgressRequest.read(reader) };
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfWatchRequest);
      }
    }
    return { requestUnion };
  },
  write(writer, message) {
    const { requestUnion } = message;
    if (requestUnion !== undefined) {
      switch (requestUnion.case) {
        case "createRequest": {
          const before = writer.written();
          WatchCreateRequest.write(writer, requestUnion.value);
          writer.close(10, before);
          break;
        }
        case "cancelRequest": {
          const before = writer.written();
          WatchCancelRequest.write(writer, requestUnion.value);
          writer.close(18, before);
          break;
        }
        case "progressRequest": {
          const before = writer.written();
          WatchProgressRequest.write(writer, requestUnion.value);
          writer.close(26, before);
          break;
        }
      }
    }
  },
};

export const FilterType = {
  NOPUT: 0,
  NODELETE: 1,
} as const;
/** Open: a number that is not listed stays as it came. */
export type FilterType = number;

export interface WatchCreateRequest {
  readonly key: Key;
  readonly rangeEnd: Key;
  /** the first revision to watch; 0: the next one */
  readonly startRevision: number;
  /** send empty responses at intervals if there are no events */
  readonly progressNotify: boolean;
  readonly filters: readonly FilterType[];
  readonly prevKv: boolean;
  /** 0: the server chooses */
  readonly watchId: bigint;
  /** split responses that are too large for one message */
  readonly fragment: boolean;
}

const fieldsOfWatchCreateRequest: FieldNumbers = {
  message: "etcdserverpb.WatchCreateRequest",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8],
};

export const WatchCreateRequest: Codec<WatchCreateRequest> = {
  create({
    key = "",
    rangeEnd = "",
    startRevision = 0,
    progressNotify = false,
    filters = [],
    prevKv = false,
    watchId = 0n,
    fragment = false,
  }: Partial<WatchCreateRequest> = {}) {
    return { key, rangeEnd, startRevision, progressNotify, filters, prevKv, watchId, fragment };
  },
  encode(message) {
    const writer = sharedWriter.start();
    WatchCreateRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return WatchCreateRequest.read(new Reader(bytes));
  },
  read(reader) {
    let key = "";
    let rangeEnd = "";
    let startRevision = 0;
    let progressNotify = false;
    const filters: number[] = [];
    let prevKv = false;
    let watchId = 0n;
    let fragment = false;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.key();
          break;
        case 18:
          rangeEnd = reader.key();
          break;
        case 24:
          startRevision = reader.int53();
          break;
        case 32:
          progressNotify = reader.bool();
          break;
        case 40:
          reader.countPart();
          filters.push(reader.int32());
          break;
        case 42: {
          const outer = reader.open();
          while (reader.more()) {
            reader.countPart();
            filters.push(reader.int32());
          }
          reader.close(outer);
          break;
        }
        case 48:
          prevKv = reader.bool();
          break;
        case 56:
          watchId = reader.int64();
          break;
        case 64:
          fragment = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfWatchCreateRequest);
      }
    }
    return { key, rangeEnd, startRevision, progressNotify, filters, prevKv, watchId, fragment };
  },
  write(writer, message) {
    if (message.fragment) writer.bool(64, message.fragment);
    if (message.watchId !== 0n) writer.int64(56, message.watchId);
    if (message.prevKv) writer.bool(48, message.prevKv);
    if (message.filters.length > 0) writer.packedInt32(42, message.filters);
    if (message.progressNotify) writer.bool(32, message.progressNotify);
    if (message.startRevision !== 0) writer.int53(24, message.startRevision);
    if (message.rangeEnd !== "") writer.key(18, message.rangeEnd);
    if (message.key !== "") writer.key(10, message.key);
  },
};

export interface WatchCancelRequest {
  readonly watchId: bigint;
}

const fieldsOfWatchCancelRequest: FieldNumbers = {
  message: "etcdserverpb.WatchCancelRequest",
  numbers: [1],
};

export const WatchCancelRequest: Codec<WatchCancelRequest> = {
  create({
    watchId = 0n,
  }: Partial<WatchCancelRequest> = {}) {
    return { watchId };
  },
  encode(message) {
    const writer = sharedWriter.start();
    WatchCancelRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return WatchCancelRequest.read(new Reader(bytes));
  },
  read(reader) {
    let watchId = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          watchId = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfWatchCancelRequest);
      }
    }
    return { watchId };
  },
  write(writer, message) {
    if (message.watchId !== 0n) writer.int64(8, message.watchId);
  },
};

/** Requests the revision up to which all events of the stream were sent. */
export type WatchProgressRequest = Readonly<Record<string, never>>;

const fieldsOfWatchProgressRequest: FieldNumbers = {
  message: "etcdserverpb.WatchProgressRequest",
  numbers: [],
};

export const WatchProgressRequest: Codec<WatchProgressRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    WatchProgressRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return WatchProgressRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfWatchProgressRequest);
    return {};
  },
  write() {},
};

export interface WatchResponse {
  readonly header: ResponseHeader | undefined;
  /** -1: the whole stream */
  readonly watchId: bigint;
  readonly created: boolean;
  readonly canceled: boolean;
  /** set when the revisions of the watch are compacted: the first available one */
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** further events of the same response follow */
  readonly fragment: boolean;
  readonly events: readonly Encodable<Event>[];
}

const fieldsOfWatchResponse: FieldNumbers = {
  message: "etcdserverpb.WatchResponse",
  numbers: [1, 2, 3, 4, 5, 6, 7, 11],
};

export const WatchResponse: Codec<WatchResponse, Decoded<WatchResponse>> = {
  create({
    header,
    watchId = 0n,
    created = false,
    canceled = false,
    compactRevision = 0,
    cancelReason = "",
    fragment = false,
    events = [],
  }: Partial<WatchResponse> = {}) {
    return { header, watchId, created, canceled, compactRevision, cancelReason, fragment, events };
  },
  encode(message) {
    const writer = sharedWriter.start();
    WatchResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return WatchResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let watchId = 0n;
    let created = false;
    let canceled = false;
    let compactRevision = 0;
    let cancelReason = "";
    let fragment = false;
    const events: Decoded<Event>[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          watchId = reader.int64();
          break;
        case 24:
          created = reader.bool();
          break;
        case 32:
          canceled = reader.bool();
          break;
        case 40:
          compactRevision = reader.int53();
          break;
        case 50:
          cancelReason = reader.string();
          break;
        case 56:
          fragment = reader.bool();
          break;
        case 90: {
          const outer = reader.open();
          events.push(Event.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfWatchResponse);
      }
    }
    return { header, watchId, created, canceled, compactRevision, cancelReason, fragment, events };
  },
  write(writer, message) {
    for (let i = message.events.length - 1; i >= 0; i--) {
      const item = message.events[i];
      if (item === undefined) continue;
      if (item instanceof Uint8Array) writer.bytes(90, item);
      else {
        const before = writer.written();
        Event.write(writer, item);
        writer.close(90, before);
      }
    }
    if (message.fragment) writer.bool(56, message.fragment);
    if (message.cancelReason !== "") writer.string(50, message.cancelReason);
    if (message.compactRevision !== 0) writer.int53(40, message.compactRevision);
    if (message.canceled) writer.bool(32, message.canceled);
    if (message.created) writer.bool(24, message.created);
    if (message.watchId !== 0n) writer.int64(16, message.watchId);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface LeaseGrantRequest {
  readonly ttl: number;
  /** 0: the server chooses */
  readonly id: bigint;
}

const fieldsOfLeaseGrantRequest: FieldNumbers = {
  message: "etcdserverpb.LeaseGrantRequest",
  numbers: [1, 2],
};

export const LeaseGrantRequest: Codec<LeaseGrantRequest> = {
  create({
    ttl = 0,
    id = 0n,
  }: Partial<LeaseGrantRequest> = {}) {
    return { ttl, id };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseGrantRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseGrantRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let ttl = base === undefined ? 0 : base.ttl;
    let id = base === undefined ? 0n : base.id;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          ttl = reader.int53();
          break;
        case 16:
          id = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseGrantRequest);
      }
    }
    return { ttl, id };
  },
  write(writer, message) {
    if (message.id !== 0n) writer.int64(16, message.id);
    if (message.ttl !== 0) writer.int53(8, message.ttl);
  },
};

export interface LeaseGrantResponse {
  readonly header: ResponseHeader | undefined;
  readonly id: bigint;
  /** the granted TTL, at least the minimum of the server */
  readonly ttl: number;
  readonly error: string;
}

const fieldsOfLeaseGrantResponse: FieldNumbers = {
  message: "etcdserverpb.LeaseGrantResponse",
  numbers: [1, 2, 3, 4],
};

export const LeaseGrantResponse: Codec<LeaseGrantResponse> = {
  create({
    header,
    id = 0n,
    ttl = 0,
    error = "",
  }: Partial<LeaseGrantResponse> = {}) {
    return { header, id, ttl, error };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseGrantResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseGrantResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let id = 0n;
    let ttl = 0;
    let error = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          id = reader.int64();
          break;
        case 24:
          ttl = reader.int53();
          break;
        case 34:
          error = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseGrantResponse);
      }
    }
    return { header, id, ttl, error };
  },
  write(writer, message) {
    if (message.error !== "") writer.string(34, message.error);
    if (message.ttl !== 0) writer.int53(24, message.ttl);
    if (message.id !== 0n) writer.int64(16, message.id);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface LeaseRevokeRequest {
  readonly id: bigint;
}

const fieldsOfLeaseRevokeRequest: FieldNumbers = {
  message: "etcdserverpb.LeaseRevokeRequest",
  numbers: [1],
};

export const LeaseRevokeRequest: Codec<LeaseRevokeRequest> = {
  create({
    id = 0n,
  }: Partial<LeaseRevokeRequest> = {}) {
    return { id };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseRevokeRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseRevokeRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let id = base === undefined ? 0n : base.id;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseRevokeRequest);
      }
    }
    return { id };
  },
  write(writer, message) {
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface LeaseRevokeResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfLeaseRevokeResponse: FieldNumbers = {
  message: "etcdserverpb.LeaseRevokeResponse",
  numbers: [1],
};

export const LeaseRevokeResponse: Codec<LeaseRevokeResponse> = {
  create({
    header,
  }: Partial<LeaseRevokeResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseRevokeResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseRevokeResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfLeaseRevokeResponse);
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

export interface LeaseKeepAliveRequest {
  readonly id: bigint;
}

const fieldsOfLeaseKeepAliveRequest: FieldNumbers = {
  message: "etcdserverpb.LeaseKeepAliveRequest",
  numbers: [1],
};

export const LeaseKeepAliveRequest: Codec<LeaseKeepAliveRequest> = {
  create({
    id = 0n,
  }: Partial<LeaseKeepAliveRequest> = {}) {
    return { id };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseKeepAliveRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseKeepAliveRequest.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseKeepAliveRequest);
      }
    }
    return { id };
  },
  write(writer, message) {
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface LeaseKeepAliveResponse {
  readonly header: ResponseHeader | undefined;
  readonly id: bigint;
  /** 0: the lease does not exist */
  readonly ttl: number;
}

const fieldsOfLeaseKeepAliveResponse: FieldNumbers = {
  message: "etcdserverpb.LeaseKeepAliveResponse",
  numbers: [1, 2, 3],
};

export const LeaseKeepAliveResponse: Codec<LeaseKeepAliveResponse> = {
  create({
    header,
    id = 0n,
    ttl = 0,
  }: Partial<LeaseKeepAliveResponse> = {}) {
    return { header, id, ttl };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseKeepAliveResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseKeepAliveResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let id = 0n;
    let ttl = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          id = reader.int64();
          break;
        case 24:
          ttl = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseKeepAliveResponse);
      }
    }
    return { header, id, ttl };
  },
  write(writer, message) {
    if (message.ttl !== 0) writer.int53(24, message.ttl);
    if (message.id !== 0n) writer.int64(16, message.id);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface LeaseTimeToLiveRequest {
  readonly id: bigint;
  readonly keys: boolean;
}

const fieldsOfLeaseTimeToLiveRequest: FieldNumbers = {
  message: "etcdserverpb.LeaseTimeToLiveRequest",
  numbers: [1, 2],
};

export const LeaseTimeToLiveRequest: Codec<LeaseTimeToLiveRequest> = {
  create({
    id = 0n,
    keys = false,
  }: Partial<LeaseTimeToLiveRequest> = {}) {
    return { id, keys };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseTimeToLiveRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseTimeToLiveRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let id = base === undefined ? 0n : base.id;
    let keys = base === undefined ? false : base.keys;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.int64();
          break;
        case 16:
          keys = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseTimeToLiveRequest);
      }
    }
    return { id, keys };
  },
  write(writer, message) {
    if (message.keys) writer.bool(16, message.keys);
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface LeaseTimeToLiveResponse {
  readonly header: ResponseHeader | undefined;
  readonly id: bigint;
  /** the remaining time; -1: the lease does not exist */
  readonly ttl: number;
  readonly grantedTtl: number;
  readonly keys: readonly Key[];
}

const fieldsOfLeaseTimeToLiveResponse: FieldNumbers = {
  message: "etcdserverpb.LeaseTimeToLiveResponse",
  numbers: [1, 2, 3, 4, 5],
};

export const LeaseTimeToLiveResponse: Codec<LeaseTimeToLiveResponse> = {
  create({
    header,
    id = 0n,
    ttl = 0,
    grantedTtl = 0,
    keys = [],
  }: Partial<LeaseTimeToLiveResponse> = {}) {
    return { header, id, ttl, grantedTtl, keys };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseTimeToLiveResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseTimeToLiveResponse.read(new Reader(bytes));
  },
  read(reader, base) {
    let header = base === undefined ? undefined : base.header;
    let id = base === undefined ? 0n : base.id;
    let ttl = base === undefined ? 0 : base.ttl;
    let grantedTtl = base === undefined ? 0 : base.grantedTtl;
    const keys: Key[] = base === undefined ? [] : [...base.keys];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          id = reader.int64();
          break;
        case 24:
          ttl = reader.int53();
          break;
        case 32:
          grantedTtl = reader.int53();
          break;
        case 42:
          keys.push(reader.key());
          break;
        default:
          reader.skip(tag, fieldsOfLeaseTimeToLiveResponse);
      }
    }
    return { header, id, ttl, grantedTtl, keys };
  },
  write(writer, message) {
    for (let i = message.keys.length - 1; i >= 0; i--) {
      const item = message.keys[i];
      if (item === undefined) continue;
      writer.key(42, item);
    }
    if (message.grantedTtl !== 0) writer.int53(32, message.grantedTtl);
    if (message.ttl !== 0) writer.int53(24, message.ttl);
    if (message.id !== 0n) writer.int64(16, message.id);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export type LeaseLeasesRequest = Readonly<Record<string, never>>;

const fieldsOfLeaseLeasesRequest: FieldNumbers = {
  message: "etcdserverpb.LeaseLeasesRequest",
  numbers: [],
};

export const LeaseLeasesRequest: Codec<LeaseLeasesRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseLeasesRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseLeasesRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfLeaseLeasesRequest);
    return {};
  },
  write() {},
};

export interface LeaseLeasesResponse {
  readonly header: ResponseHeader | undefined;
  readonly leases: readonly LeaseStatus[];
}

const fieldsOfLeaseLeasesResponse: FieldNumbers = {
  message: "etcdserverpb.LeaseLeasesResponse",
  numbers: [1, 2],
};

export const LeaseLeasesResponse: Codec<LeaseLeasesResponse> = {
  create({
    header,
    leases = [],
  }: Partial<LeaseLeasesResponse> = {}) {
    return { header, leases };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseLeasesResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseLeasesResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const leases: LeaseStatus[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          leases.push(LeaseStatus.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfLeaseLeasesResponse);
      }
    }
    return { header, leases };
  },
  write(writer, message) {
    for (let i = message.leases.length - 1; i >= 0; i--) {
      const item = message.leases[i];
      if (item === undefined) continue;
      const before = writer.written();
      LeaseStatus.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface LeaseStatus {
  readonly id: bigint;
}

const fieldsOfLeaseStatus: FieldNumbers = {
  message: "etcdserverpb.LeaseStatus",
  numbers: [1],
};

export const LeaseStatus: Codec<LeaseStatus> = {
  create({
    id = 0n,
  }: Partial<LeaseStatus> = {}) {
    return { id };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseStatus.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseStatus.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseStatus);
      }
    }
    return { id };
  },
  write(writer, message) {
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

/** The leader proposes checkpoints, so that a new leader does not restart the whole TTL of old leases. */
export interface LeaseCheckpointRequest {
  readonly checkpoints: readonly LeaseCheckpoint[];
}

const fieldsOfLeaseCheckpointRequest: FieldNumbers = {
  message: "etcdserverpb.LeaseCheckpointRequest",
  numbers: [1],
};

export const LeaseCheckpointRequest: Codec<LeaseCheckpointRequest> = {
  create({
    checkpoints = [],
  }: Partial<LeaseCheckpointRequest> = {}) {
    return { checkpoints };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseCheckpointRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseCheckpointRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    const checkpoints: LeaseCheckpoint[] = base === undefined ? [] : [...base.checkpoints];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          checkpoints.push(LeaseCheckpoint.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfLeaseCheckpointRequest);
      }
    }
    return { checkpoints };
  },
  write(writer, message) {
    for (let i = message.checkpoints.length - 1; i >= 0; i--) {
      const item = message.checkpoints[i];
      if (item === undefined) continue;
      const before = writer.written();
      LeaseCheckpoint.write(writer, item);
      writer.close(10, before);
    }
  },
};

export interface LeaseCheckpoint {
  readonly id: bigint;
  readonly remainingTtl: number;
}

const fieldsOfLeaseCheckpoint: FieldNumbers = {
  message: "etcdserverpb.LeaseCheckpoint",
  numbers: [1, 2],
};

export const LeaseCheckpoint: Codec<LeaseCheckpoint> = {
  create({
    id = 0n,
    remainingTtl = 0,
  }: Partial<LeaseCheckpoint> = {}) {
    return { id, remainingTtl };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseCheckpoint.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseCheckpoint.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    let remainingTtl = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.int64();
          break;
        case 16:
          remainingTtl = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfLeaseCheckpoint);
      }
    }
    return { id, remainingTtl };
  },
  write(writer, message) {
    if (message.remainingTtl !== 0) writer.int53(16, message.remainingTtl);
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface LeaseCheckpointResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfLeaseCheckpointResponse: FieldNumbers = {
  message: "etcdserverpb.LeaseCheckpointResponse",
  numbers: [1],
};

export const LeaseCheckpointResponse: Codec<LeaseCheckpointResponse> = {
  create({
    header,
  }: Partial<LeaseCheckpointResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseCheckpointResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseCheckpointResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfLeaseCheckpointResponse);
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

export interface Member {
  readonly id: bigint;
  /** empty until the member has started */
  readonly name: string;
  readonly peerUrls: readonly string[];
  /** empty until the member has started */
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

const fieldsOfMember: FieldNumbers = {
  message: "etcdserverpb.Member",
  numbers: [1, 2, 3, 4, 5],
};

export const Member: Codec<Member> = {
  create({
    id = 0n,
    name = "",
    peerUrls = [],
    clientUrls = [],
    isLearner = false,
  }: Partial<Member> = {}) {
    return { id, name, peerUrls, clientUrls, isLearner };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Member.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Member.read(new Reader(bytes));
  },
  read(reader, base) {
    let id = base === undefined ? 0n : base.id;
    let name = base === undefined ? "" : base.name;
    const peerUrls: string[] = base === undefined ? [] : [...base.peerUrls];
    const clientUrls: string[] = base === undefined ? [] : [...base.clientUrls];
    let isLearner = base === undefined ? false : base.isLearner;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 18:
          name = reader.string();
          break;
        case 26:
          peerUrls.push(reader.string());
          break;
        case 34:
          clientUrls.push(reader.string());
          break;
        case 40:
          isLearner = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfMember);
      }
    }
    return { id, name, peerUrls, clientUrls, isLearner };
  },
  write(writer, message) {
    if (message.isLearner) writer.bool(40, message.isLearner);
    for (let i = message.clientUrls.length - 1; i >= 0; i--) {
      const item = message.clientUrls[i];
      if (item === undefined) continue;
      writer.string(34, item);
    }
    for (let i = message.peerUrls.length - 1; i >= 0; i--) {
      const item = message.peerUrls[i];
      if (item === undefined) continue;
      writer.string(26, item);
    }
    if (message.name !== "") writer.string(18, message.name);
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface MemberAddRequest {
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

const fieldsOfMemberAddRequest: FieldNumbers = {
  message: "etcdserverpb.MemberAddRequest",
  numbers: [1, 2],
};

export const MemberAddRequest: Codec<MemberAddRequest> = {
  create({
    peerUrls = [],
    isLearner = false,
  }: Partial<MemberAddRequest> = {}) {
    return { peerUrls, isLearner };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberAddRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberAddRequest.read(new Reader(bytes));
  },
  read(reader) {
    const peerUrls: string[] = [];
    let isLearner = false;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          peerUrls.push(reader.string());
          break;
        case 16:
          isLearner = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfMemberAddRequest);
      }
    }
    return { peerUrls, isLearner };
  },
  write(writer, message) {
    if (message.isLearner) writer.bool(16, message.isLearner);
    for (let i = message.peerUrls.length - 1; i >= 0; i--) {
      const item = message.peerUrls[i];
      if (item === undefined) continue;
      writer.string(10, item);
    }
  },
};

export interface MemberAddResponse {
  readonly header: ResponseHeader | undefined;
  readonly member: Member | undefined;
  readonly members: readonly Member[];
}

const fieldsOfMemberAddResponse: FieldNumbers = {
  message: "etcdserverpb.MemberAddResponse",
  numbers: [1, 2, 3],
};

export const MemberAddResponse: Codec<MemberAddResponse> = {
  create({
    header,
    member,
    members = [],
  }: Partial<MemberAddResponse> = {}) {
    return { header, member, members };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberAddResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberAddResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let member: Member | undefined;
    const members: Member[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          member = Member.read(reader, member);
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          members.push(Member.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfMemberAddResponse);
      }
    }
    return { header, member, members };
  },
  write(writer, message) {
    for (let i = message.members.length - 1; i >= 0; i--) {
      const item = message.members[i];
      if (item === undefined) continue;
      const before = writer.written();
      Member.write(writer, item);
      writer.close(26, before);
    }
    if (message.member !== undefined) {
      const before = writer.written();
      Member.write(writer, message.member);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface MemberRemoveRequest {
  readonly id: bigint;
}

const fieldsOfMemberRemoveRequest: FieldNumbers = {
  message: "etcdserverpb.MemberRemoveRequest",
  numbers: [1],
};

export const MemberRemoveRequest: Codec<MemberRemoveRequest> = {
  create({
    id = 0n,
  }: Partial<MemberRemoveRequest> = {}) {
    return { id };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberRemoveRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberRemoveRequest.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        default:
          reader.skip(tag, fieldsOfMemberRemoveRequest);
      }
    }
    return { id };
  },
  write(writer, message) {
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface MemberRemoveResponse {
  readonly header: ResponseHeader | undefined;
  readonly members: readonly Member[];
}

const fieldsOfMemberRemoveResponse: FieldNumbers = {
  message: "etcdserverpb.MemberRemoveResponse",
  numbers: [1, 2],
};

export const MemberRemoveResponse: Codec<MemberRemoveResponse> = {
  create({
    header,
    members = [],
  }: Partial<MemberRemoveResponse> = {}) {
    return { header, members };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberRemoveResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberRemoveResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const members: Member[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          members.push(Member.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfMemberRemoveResponse);
      }
    }
    return { header, members };
  },
  write(writer, message) {
    for (let i = message.members.length - 1; i >= 0; i--) {
      const item = message.members[i];
      if (item === undefined) continue;
      const before = writer.written();
      Member.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface MemberUpdateRequest {
  readonly id: bigint;
  readonly peerUrls: readonly string[];
}

const fieldsOfMemberUpdateRequest: FieldNumbers = {
  message: "etcdserverpb.MemberUpdateRequest",
  numbers: [1, 2],
};

export const MemberUpdateRequest: Codec<MemberUpdateRequest> = {
  create({
    id = 0n,
    peerUrls = [],
  }: Partial<MemberUpdateRequest> = {}) {
    return { id, peerUrls };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberUpdateRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberUpdateRequest.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    const peerUrls: string[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 18:
          peerUrls.push(reader.string());
          break;
        default:
          reader.skip(tag, fieldsOfMemberUpdateRequest);
      }
    }
    return { id, peerUrls };
  },
  write(writer, message) {
    for (let i = message.peerUrls.length - 1; i >= 0; i--) {
      const item = message.peerUrls[i];
      if (item === undefined) continue;
      writer.string(18, item);
    }
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface MemberUpdateResponse {
  readonly header: ResponseHeader | undefined;
  readonly members: readonly Member[];
}

const fieldsOfMemberUpdateResponse: FieldNumbers = {
  message: "etcdserverpb.MemberUpdateResponse",
  numbers: [1, 2],
};

export const MemberUpdateResponse: Codec<MemberUpdateResponse> = {
  create({
    header,
    members = [],
  }: Partial<MemberUpdateResponse> = {}) {
    return { header, members };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberUpdateResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberUpdateResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const members: Member[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          members.push(Member.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfMemberUpdateResponse);
      }
    }
    return { header, members };
  },
  write(writer, message) {
    for (let i = message.members.length - 1; i >= 0; i--) {
      const item = message.members[i];
      if (item === undefined) continue;
      const before = writer.written();
      Member.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface MemberListRequest {
  readonly linearizable: boolean;
}

const fieldsOfMemberListRequest: FieldNumbers = {
  message: "etcdserverpb.MemberListRequest",
  numbers: [1],
};

export const MemberListRequest: Codec<MemberListRequest> = {
  create({
    linearizable = false,
  }: Partial<MemberListRequest> = {}) {
    return { linearizable };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberListRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberListRequest.read(new Reader(bytes));
  },
  read(reader) {
    let linearizable = false;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          linearizable = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfMemberListRequest);
      }
    }
    return { linearizable };
  },
  write(writer, message) {
    if (message.linearizable) writer.bool(8, message.linearizable);
  },
};

export interface MemberListResponse {
  readonly header: ResponseHeader | undefined;
  readonly members: readonly Member[];
}

const fieldsOfMemberListResponse: FieldNumbers = {
  message: "etcdserverpb.MemberListResponse",
  numbers: [1, 2],
};

export const MemberListResponse: Codec<MemberListResponse> = {
  create({
    header,
    members = [],
  }: Partial<MemberListResponse> = {}) {
    return { header, members };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberListResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberListResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const members: Member[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          members.push(Member.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfMemberListResponse);
      }
    }
    return { header, members };
  },
  write(writer, message) {
    for (let i = message.members.length - 1; i >= 0; i--) {
      const item = message.members[i];
      if (item === undefined) continue;
      const before = writer.written();
      Member.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** Makes a learner a voter. */
export interface MemberPromoteRequest {
  readonly id: bigint;
}

const fieldsOfMemberPromoteRequest: FieldNumbers = {
  message: "etcdserverpb.MemberPromoteRequest",
  numbers: [1],
};

export const MemberPromoteRequest: Codec<MemberPromoteRequest> = {
  create({
    id = 0n,
  }: Partial<MemberPromoteRequest> = {}) {
    return { id };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberPromoteRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberPromoteRequest.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        default:
          reader.skip(tag, fieldsOfMemberPromoteRequest);
      }
    }
    return { id };
  },
  write(writer, message) {
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface MemberPromoteResponse {
  readonly header: ResponseHeader | undefined;
  readonly members: readonly Member[];
}

const fieldsOfMemberPromoteResponse: FieldNumbers = {
  message: "etcdserverpb.MemberPromoteResponse",
  numbers: [1, 2],
};

export const MemberPromoteResponse: Codec<MemberPromoteResponse> = {
  create({
    header,
    members = [],
  }: Partial<MemberPromoteResponse> = {}) {
    return { header, members };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberPromoteResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberPromoteResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const members: Member[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          members.push(Member.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfMemberPromoteResponse);
      }
    }
    return { header, members };
  },
  write(writer, message) {
    for (let i = message.members.length - 1; i >= 0; i--) {
      const item = message.members[i];
      if (item === undefined) continue;
      const before = writer.written();
      Member.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export const AlarmType = {
  /** in a list request: all alarms */
  NONE: 0,
  /** the space quota is exceeded */
  NOSPACE: 1,
  /** the data of members differs */
  CORRUPT: 2,
} as const;
/** Open: a number that is not listed stays as it came. */
export type AlarmType = number;

export const AlarmAction = {
  GET: 0,
  ACTIVATE: 1,
  DEACTIVATE: 2,
} as const;
/** Open: a number that is not listed stays as it came. */
export type AlarmAction = number;

export interface AlarmRequest {
  readonly action: AlarmAction;
  /** 0: all members */
  readonly memberId: bigint;
  readonly alarm: AlarmType;
}

const fieldsOfAlarmRequest: FieldNumbers = {
  message: "etcdserverpb.AlarmRequest",
  numbers: [1, 2, 3],
};

export const AlarmRequest: Codec<AlarmRequest> = {
  create({
    action = 0,
    memberId = 0n,
    alarm = 0,
  }: Partial<AlarmRequest> = {}) {
    return { action, memberId, alarm };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AlarmRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AlarmRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let action = base === undefined ? 0 : base.action;
    let memberId = base === undefined ? 0n : base.memberId;
    let alarm = base === undefined ? 0 : base.alarm;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          action = reader.int32();
          break;
        case 16:
          memberId = reader.uint64();
          break;
        case 24:
          alarm = reader.int32();
          break;
        default:
          reader.skip(tag, fieldsOfAlarmRequest);
      }
    }
    return { action, memberId, alarm };
  },
  write(writer, message) {
    if (message.alarm !== 0) writer.int32(24, message.alarm);
    if (message.memberId !== 0n) writer.int64(16, message.memberId);
    if (message.action !== 0) writer.int32(8, message.action);
  },
};

export interface AlarmResponse {
  readonly header: ResponseHeader | undefined;
  readonly alarms: readonly AlarmMember[];
}

const fieldsOfAlarmResponse: FieldNumbers = {
  message: "etcdserverpb.AlarmResponse",
  numbers: [1, 2],
};

export const AlarmResponse: Codec<AlarmResponse> = {
  create({
    header,
    alarms = [],
  }: Partial<AlarmResponse> = {}) {
    return { header, alarms };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AlarmResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AlarmResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const alarms: AlarmMember[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          alarms.push(AlarmMember.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfAlarmResponse);
      }
    }
    return { header, alarms };
  },
  write(writer, message) {
    for (let i = message.alarms.length - 1; i >= 0; i--) {
      const item = message.alarms[i];
      if (item === undefined) continue;
      const before = writer.written();
      AlarmMember.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface AlarmMember {
  readonly memberId: bigint;
  readonly alarm: AlarmType;
}

const fieldsOfAlarmMember: FieldNumbers = {
  message: "etcdserverpb.AlarmMember",
  numbers: [1, 2],
};

export const AlarmMember: Codec<AlarmMember> = {
  create({
    memberId = 0n,
    alarm = 0,
  }: Partial<AlarmMember> = {}) {
    return { memberId, alarm };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AlarmMember.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AlarmMember.read(new Reader(bytes));
  },
  read(reader) {
    let memberId = 0n;
    let alarm = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          memberId = reader.uint64();
          break;
        case 16:
          alarm = reader.int32();
          break;
        default:
          reader.skip(tag, fieldsOfAlarmMember);
      }
    }
    return { memberId, alarm };
  },
  write(writer, message) {
    if (message.alarm !== 0) writer.int32(16, message.alarm);
    if (message.memberId !== 0n) writer.int64(8, message.memberId);
  },
};

export type StatusRequest = Readonly<Record<string, never>>;

const fieldsOfStatusRequest: FieldNumbers = {
  message: "etcdserverpb.StatusRequest",
  numbers: [],
};

export const StatusRequest: Codec<StatusRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    StatusRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return StatusRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfStatusRequest);
    return {};
  },
  write() {},
};

export interface StatusResponse {
  readonly header: ResponseHeader | undefined;
  readonly version: string;
  /** the size of the files in bytes */
  readonly dbSize: number;
  /** 0: no leader is known */
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  /** the bytes of the live data */
  readonly dbSizeInUse: number;
  readonly isLearner: boolean;
  /** since 3.6; the release whose form the database has; empty while it is not known */
  readonly storageVersion: string;
  /** since 3.6; the quota in bytes */
  readonly dbSizeQuota: number;
  /** since 3.6 */
  readonly downgradeInfo: DowngradeInfo | undefined;
}

const fieldsOfStatusResponse: FieldNumbers = {
  message: "etcdserverpb.StatusResponse",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
};

export const StatusResponse: Codec<StatusResponse> = {
  create({
    header,
    version = "",
    dbSize = 0,
    leader = 0n,
    raftIndex = 0,
    raftTerm = 0,
    raftAppliedIndex = 0,
    errors = [],
    dbSizeInUse = 0,
    isLearner = false,
    storageVersion = "",
    dbSizeQuota = 0,
    downgradeInfo,
  }: Partial<StatusResponse> = {}) {
    return {
      header,
      version,
      dbSize,
      leader,
      raftIndex,
      raftTerm,
      raftAppliedIndex,
      errors,
      dbSizeInUse,
      isLearner,
      storageVersion,
      dbSizeQuota,
      downgradeInfo,
    };
  },
  encode(message) {
    const writer = sharedWriter.start();
    StatusResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return StatusResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let version = "";
    let dbSize = 0;
    let leader = 0n;
    let raftIndex = 0;
    let raftTerm = 0;
    let raftAppliedIndex = 0;
    const errors: string[] = [];
    let dbSizeInUse = 0;
    let isLearner = false;
    let storageVersion = "";
    let dbSizeQuota = 0;
    let downgradeInfo: DowngradeInfo | undefined;
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
          version = reader.string();
          break;
        case 24:
          dbSize = reader.int53();
          break;
        case 32:
          leader = reader.uint64();
          break;
        case 40:
          raftIndex = reader.uint53();
          break;
        case 48:
          raftTerm = reader.uint53();
          break;
        case 56:
          raftAppliedIndex = reader.uint53();
          break;
        case 66:
          errors.push(reader.string());
          break;
        case 72:
          dbSizeInUse = reader.int53();
          break;
        case 80:
          isLearner = reader.bool();
          break;
        case 90:
          storageVersion = reader.string();
          break;
        case 96:
          dbSizeQuota = reader.int53();
          break;
        case 106: {
          const outer = reader.open();
          downgradeInfo = DowngradeInfo.read(reader, downgradeInfo);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfStatusResponse);
      }
    }
    return {
      header,
      version,
      dbSize,
      leader,
      raftIndex,
      raftTerm,
      raftAppliedIndex,
      errors,
      dbSizeInUse,
      isLearner,
      storageVersion,
      dbSizeQuota,
      downgradeInfo,
    };
  },
  write(writer, message) {
    if (message.downgradeInfo !== undefined) {
      const before = writer.written();
      DowngradeInfo.write(writer, message.downgradeInfo);
      writer.close(106, before);
    }
    if (message.dbSizeQuota !== 0) writer.int53(96, message.dbSizeQuota);
    if (message.storageVersion !== "") writer.string(90, message.storageVersion);
    if (message.isLearner) writer.bool(80, message.isLearner);
    if (message.dbSizeInUse !== 0) writer.int53(72, message.dbSizeInUse);
    for (let i = message.errors.length - 1; i >= 0; i--) {
      const item = message.errors[i];
      if (item === undefined) continue;
      writer.string(66, item);
    }
    if (message.raftAppliedIndex !== 0) writer.int53(56, message.raftAppliedIndex);
    if (message.raftTerm !== 0) writer.int53(48, message.raftTerm);
    if (message.raftIndex !== 0) writer.int53(40, message.raftIndex);
    if (message.leader !== 0n) writer.int64(32, message.leader);
    if (message.dbSize !== 0) writer.int53(24, message.dbSize);
    if (message.version !== "") writer.string(18, message.version);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface DowngradeInfo {
  readonly enabled: boolean;
  /** the version that the cluster is being downgraded to */
  readonly targetVersion: string;
}

const fieldsOfDowngradeInfo: FieldNumbers = {
  message: "etcdserverpb.DowngradeInfo",
  numbers: [1, 2],
};

export const DowngradeInfo: Codec<DowngradeInfo> = {
  create({
    enabled = false,
    targetVersion = "",
  }: Partial<DowngradeInfo> = {}) {
    return { enabled, targetVersion };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DowngradeInfo.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DowngradeInfo.read(new Reader(bytes));
  },
  read(reader, base) {
    let enabled = base === undefined ? false : base.enabled;
    let targetVersion = base === undefined ? "" : base.targetVersion;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          enabled = reader.bool();
          break;
        case 18:
          targetVersion = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfDowngradeInfo);
      }
    }
    return { enabled, targetVersion };
  },
  write(writer, message) {
    if (message.targetVersion !== "") writer.string(18, message.targetVersion);
    if (message.enabled) writer.bool(8, message.enabled);
  },
};

export type DefragmentRequest = Readonly<Record<string, never>>;

const fieldsOfDefragmentRequest: FieldNumbers = {
  message: "etcdserverpb.DefragmentRequest",
  numbers: [],
};

export const DefragmentRequest: Codec<DefragmentRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    DefragmentRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DefragmentRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfDefragmentRequest);
    return {};
  },
  write() {},
};

export interface DefragmentResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfDefragmentResponse: FieldNumbers = {
  message: "etcdserverpb.DefragmentResponse",
  numbers: [1],
};

export const DefragmentResponse: Codec<DefragmentResponse> = {
  create({
    header,
  }: Partial<DefragmentResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DefragmentResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DefragmentResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfDefragmentResponse);
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

/** The hash of the whole database of a member. It can differ between members. */
export type HashRequest = Readonly<Record<string, never>>;

const fieldsOfHashRequest: FieldNumbers = {
  message: "etcdserverpb.HashRequest",
  numbers: [],
};

export const HashRequest: Codec<HashRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    HashRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HashRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfHashRequest);
    return {};
  },
  write() {},
};

export interface HashResponse {
  readonly header: ResponseHeader | undefined;
  readonly hash: number;
}

const fieldsOfHashResponse: FieldNumbers = {
  message: "etcdserverpb.HashResponse",
  numbers: [1, 2],
};

export const HashResponse: Codec<HashResponse> = {
  create({
    header,
    hash = 0,
  }: Partial<HashResponse> = {}) {
    return { header, hash };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HashResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HashResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let hash = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          hash = reader.uint32();
          break;
        default:
          reader.skip(tag, fieldsOfHashResponse);
      }
    }
    return { header, hash };
  },
  write(writer, message) {
    if (message.hash !== 0) writer.uint32(16, message.hash);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** The hash of the history of keys up to a revision. It is equal on members with the same history. */
export interface HashKVRequest {
  /** 0: the current revision */
  readonly revision: number;
}

const fieldsOfHashKVRequest: FieldNumbers = {
  message: "etcdserverpb.HashKVRequest",
  numbers: [1],
};

export const HashKVRequest: Codec<HashKVRequest> = {
  create({
    revision = 0,
  }: Partial<HashKVRequest> = {}) {
    return { revision };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HashKVRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HashKVRequest.read(new Reader(bytes));
  },
  read(reader) {
    let revision = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          revision = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfHashKVRequest);
      }
    }
    return { revision };
  },
  write(writer, message) {
    if (message.revision !== 0) writer.int53(8, message.revision);
  },
};

export interface HashKVResponse {
  readonly header: ResponseHeader | undefined;
  readonly hash: number;
  readonly compactRevision: number;
  /** since 3.6; the revision up to which the history was hashed */
  readonly hashRevision: number;
}

const fieldsOfHashKVResponse: FieldNumbers = {
  message: "etcdserverpb.HashKVResponse",
  numbers: [1, 2, 3, 4],
};

export const HashKVResponse: Codec<HashKVResponse> = {
  create({
    header,
    hash = 0,
    compactRevision = 0,
    hashRevision = 0,
  }: Partial<HashKVResponse> = {}) {
    return { header, hash, compactRevision, hashRevision };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HashKVResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HashKVResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let hash = 0;
    let compactRevision = 0;
    let hashRevision = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          hash = reader.uint32();
          break;
        case 24:
          compactRevision = reader.int53();
          break;
        case 32:
          hashRevision = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfHashKVResponse);
      }
    }
    return { header, hash, compactRevision, hashRevision };
  },
  write(writer, message) {
    if (message.hashRevision !== 0) writer.int53(32, message.hashRevision);
    if (message.compactRevision !== 0) writer.int53(24, message.compactRevision);
    if (message.hash !== 0) writer.uint32(16, message.hash);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export type SnapshotRequest = Readonly<Record<string, never>>;

const fieldsOfSnapshotRequest: FieldNumbers = {
  message: "etcdserverpb.SnapshotRequest",
  numbers: [],
};

export const SnapshotRequest: Codec<SnapshotRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    SnapshotRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return SnapshotRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfSnapshotRequest);
    return {};
  },
  write() {},
};

export interface SnapshotResponse {
  readonly header: ResponseHeader | undefined;
  /** the remaining bytes after this blob */
  readonly remainingBytes: number;
  readonly blob: Uint8Array;
  /** since 3.6; the storage version of the database */
  readonly version: string;
}

const fieldsOfSnapshotResponse: FieldNumbers = {
  message: "etcdserverpb.SnapshotResponse",
  numbers: [1, 2, 3, 4],
};

export const SnapshotResponse: Codec<SnapshotResponse> = {
  create({
    header,
    remainingBytes = 0,
    blob = emptyBytes,
    version = "",
  }: Partial<SnapshotResponse> = {}) {
    return { header, remainingBytes, blob, version };
  },
  encode(message) {
    const writer = sharedWriter.start();
    SnapshotResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return SnapshotResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let remainingBytes = 0;
    let blob = emptyBytes;
    let version = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          remainingBytes = reader.uint53();
          break;
        case 26:
          blob = reader.bytes();
          break;
        case 34:
          version = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfSnapshotResponse);
      }
    }
    return { header, remainingBytes, blob, version };
  },
  write(writer, message) {
    if (message.version !== "") writer.string(34, message.version);
    if (message.blob.length > 0) writer.bytes(26, message.blob);
    if (message.remainingBytes !== 0) writer.int53(16, message.remainingBytes);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface MoveLeaderRequest {
  readonly targetId: bigint;
}

const fieldsOfMoveLeaderRequest: FieldNumbers = {
  message: "etcdserverpb.MoveLeaderRequest",
  numbers: [1],
};

export const MoveLeaderRequest: Codec<MoveLeaderRequest> = {
  create({
    targetId = 0n,
  }: Partial<MoveLeaderRequest> = {}) {
    return { targetId };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MoveLeaderRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MoveLeaderRequest.read(new Reader(bytes));
  },
  read(reader) {
    let targetId = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          targetId = reader.uint64();
          break;
        default:
          reader.skip(tag, fieldsOfMoveLeaderRequest);
      }
    }
    return { targetId };
  },
  write(writer, message) {
    if (message.targetId !== 0n) writer.int64(8, message.targetId);
  },
};

export interface MoveLeaderResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfMoveLeaderResponse: FieldNumbers = {
  message: "etcdserverpb.MoveLeaderResponse",
  numbers: [1],
};

export const MoveLeaderResponse: Codec<MoveLeaderResponse> = {
  create({
    header,
  }: Partial<MoveLeaderResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MoveLeaderResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MoveLeaderResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfMoveLeaderResponse);
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

export const DowngradeAction = {
  VALIDATE: 0,
  ENABLE: 1,
  CANCEL: 2,
} as const;
/** Open: a number that is not listed stays as it came. */
export type DowngradeAction = number;

export interface DowngradeRequest {
  readonly action: DowngradeAction;
  readonly version: string;
}

const fieldsOfDowngradeRequest: FieldNumbers = {
  message: "etcdserverpb.DowngradeRequest",
  numbers: [1, 2],
};

export const DowngradeRequest: Codec<DowngradeRequest> = {
  create({
    action = 0,
    version = "",
  }: Partial<DowngradeRequest> = {}) {
    return { action, version };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DowngradeRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DowngradeRequest.read(new Reader(bytes));
  },
  read(reader) {
    let action = 0;
    let version = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          action = reader.int32();
          break;
        case 18:
          version = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfDowngradeRequest);
      }
    }
    return { action, version };
  },
  write(writer, message) {
    if (message.version !== "") writer.string(18, message.version);
    if (message.action !== 0) writer.int32(8, message.action);
  },
};

export interface DowngradeResponse {
  readonly header: ResponseHeader | undefined;
  readonly version: string;
}

const fieldsOfDowngradeResponse: FieldNumbers = {
  message: "etcdserverpb.DowngradeResponse",
  numbers: [1, 2],
};

export const DowngradeResponse: Codec<DowngradeResponse> = {
  create({
    header,
    version = "",
  }: Partial<DowngradeResponse> = {}) {
    return { header, version };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DowngradeResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DowngradeResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let version = "";
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
          version = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfDowngradeResponse);
      }
    }
    return { header, version };
  },
  write(writer, message) {
    if (message.version !== "") writer.string(18, message.version);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export type AuthEnableRequest = Readonly<Record<string, never>>;

const fieldsOfAuthEnableRequest: FieldNumbers = {
  message: "etcdserverpb.AuthEnableRequest",
  numbers: [],
};

export const AuthEnableRequest: Codec<AuthEnableRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthEnableRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthEnableRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfAuthEnableRequest);
    return {};
  },
  write() {},
};

export interface AuthEnableResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthEnableResponse: FieldNumbers = {
  message: "etcdserverpb.AuthEnableResponse",
  numbers: [1],
};

export const AuthEnableResponse: Codec<AuthEnableResponse> = {
  create({
    header,
  }: Partial<AuthEnableResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthEnableResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthEnableResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthEnableResponse);
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

export type AuthDisableRequest = Readonly<Record<string, never>>;

const fieldsOfAuthDisableRequest: FieldNumbers = {
  message: "etcdserverpb.AuthDisableRequest",
  numbers: [],
};

export const AuthDisableRequest: Codec<AuthDisableRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthDisableRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthDisableRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfAuthDisableRequest);
    return {};
  },
  write() {},
};

export interface AuthDisableResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthDisableResponse: FieldNumbers = {
  message: "etcdserverpb.AuthDisableResponse",
  numbers: [1],
};

export const AuthDisableResponse: Codec<AuthDisableResponse> = {
  create({
    header,
  }: Partial<AuthDisableResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthDisableResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthDisableResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthDisableResponse);
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

export type AuthStatusRequest = Readonly<Record<string, never>>;

const fieldsOfAuthStatusRequest: FieldNumbers = {
  message: "etcdserverpb.AuthStatusRequest",
  numbers: [],
};

export const AuthStatusRequest: Codec<AuthStatusRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthStatusRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthStatusRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfAuthStatusRequest);
    return {};
  },
  write() {},
};

export interface AuthStatusResponse {
  readonly header: ResponseHeader | undefined;
  readonly enabled: boolean;
  readonly authRevision: number;
}

const fieldsOfAuthStatusResponse: FieldNumbers = {
  message: "etcdserverpb.AuthStatusResponse",
  numbers: [1, 2, 3],
};

export const AuthStatusResponse: Codec<AuthStatusResponse> = {
  create({
    header,
    enabled = false,
    authRevision = 0,
  }: Partial<AuthStatusResponse> = {}) {
    return { header, enabled, authRevision };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthStatusResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthStatusResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let enabled = false;
    let authRevision = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          enabled = reader.bool();
          break;
        case 24:
          authRevision = reader.uint53();
          break;
        default:
          reader.skip(tag, fieldsOfAuthStatusResponse);
      }
    }
    return { header, enabled, authRevision };
  },
  write(writer, message) {
    if (message.authRevision !== 0) writer.int53(24, message.authRevision);
    if (message.enabled) writer.bool(16, message.enabled);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface AuthenticateRequest {
  readonly name: string;
  readonly password: string;
}

const fieldsOfAuthenticateRequest: FieldNumbers = {
  message: "etcdserverpb.AuthenticateRequest",
  numbers: [1, 2],
};

export const AuthenticateRequest: Codec<AuthenticateRequest> = {
  create({
    name = "",
    password = "",
  }: Partial<AuthenticateRequest> = {}) {
    return { name, password };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthenticateRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthenticateRequest.read(new Reader(bytes));
  },
  read(reader) {
    let name = "";
    let password = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          password = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthenticateRequest);
      }
    }
    return { name, password };
  },
  write(writer, message) {
    if (message.password !== "") writer.string(18, message.password);
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthenticateResponse {
  readonly header: ResponseHeader | undefined;
  readonly token: string;
}

const fieldsOfAuthenticateResponse: FieldNumbers = {
  message: "etcdserverpb.AuthenticateResponse",
  numbers: [1, 2],
};

export const AuthenticateResponse: Codec<AuthenticateResponse> = {
  create({
    header,
    token = "",
  }: Partial<AuthenticateResponse> = {}) {
    return { header, token };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthenticateResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthenticateResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let token = "";
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
          token = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthenticateResponse);
      }
    }
    return { header, token };
  },
  write(writer, message) {
    if (message.token !== "") writer.string(18, message.token);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** A client sends `password`. The member that receives the request writes only its hash into the log. */
export interface AuthUserAddRequest {
  readonly name: string;
  readonly password: string;
  readonly options: UserAddOptions | undefined;
  readonly hashedPassword: string;
}

const fieldsOfAuthUserAddRequest: FieldNumbers = {
  message: "etcdserverpb.AuthUserAddRequest",
  numbers: [1, 2, 3, 4],
};

export const AuthUserAddRequest: Codec<AuthUserAddRequest> = {
  create({
    name = "",
    password = "",
    options,
    hashedPassword = "",
  }: Partial<AuthUserAddRequest> = {}) {
    return { name, password, options, hashedPassword };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserAddRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserAddRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    let password = base === undefined ? "" : base.password;
    let options = base === undefined ? undefined : base.options;
    let hashedPassword = base === undefined ? "" : base.hashedPassword;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          password = reader.string();
          break;
        case 26: {
          const outer = reader.open();
          options = UserAddOptions.read(reader, options);
          reader.close(outer);
          break;
        }
        case 34:
          hashedPassword = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserAddRequest);
      }
    }
    return { name, password, options, hashedPassword };
  },
  write(writer, message) {
    if (message.hashedPassword !== "") writer.string(34, message.hashedPassword);
    if (message.options !== undefined) {
      const before = writer.written();
      UserAddOptions.write(writer, message.options);
      writer.close(26, before);
    }
    if (message.password !== "") writer.string(18, message.password);
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthUserAddResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthUserAddResponse: FieldNumbers = {
  message: "etcdserverpb.AuthUserAddResponse",
  numbers: [1],
};

export const AuthUserAddResponse: Codec<AuthUserAddResponse> = {
  create({
    header,
  }: Partial<AuthUserAddResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserAddResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserAddResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthUserAddResponse);
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

export interface AuthUserGetRequest {
  readonly name: string;
}

const fieldsOfAuthUserGetRequest: FieldNumbers = {
  message: "etcdserverpb.AuthUserGetRequest",
  numbers: [1],
};

export const AuthUserGetRequest: Codec<AuthUserGetRequest> = {
  create({
    name = "",
  }: Partial<AuthUserGetRequest> = {}) {
    return { name };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserGetRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserGetRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserGetRequest);
      }
    }
    return { name };
  },
  write(writer, message) {
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthUserGetResponse {
  readonly header: ResponseHeader | undefined;
  readonly roles: readonly string[];
}

const fieldsOfAuthUserGetResponse: FieldNumbers = {
  message: "etcdserverpb.AuthUserGetResponse",
  numbers: [1, 2],
};

export const AuthUserGetResponse: Codec<AuthUserGetResponse> = {
  create({
    header,
    roles = [],
  }: Partial<AuthUserGetResponse> = {}) {
    return { header, roles };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserGetResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserGetResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const roles: string[] = [];
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
          roles.push(reader.string());
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserGetResponse);
      }
    }
    return { header, roles };
  },
  write(writer, message) {
    for (let i = message.roles.length - 1; i >= 0; i--) {
      const item = message.roles[i];
      if (item === undefined) continue;
      writer.string(18, item);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export type AuthUserListRequest = Readonly<Record<string, never>>;

const fieldsOfAuthUserListRequest: FieldNumbers = {
  message: "etcdserverpb.AuthUserListRequest",
  numbers: [],
};

export const AuthUserListRequest: Codec<AuthUserListRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserListRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserListRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfAuthUserListRequest);
    return {};
  },
  write() {},
};

export interface AuthUserListResponse {
  readonly header: ResponseHeader | undefined;
  readonly users: readonly string[];
}

const fieldsOfAuthUserListResponse: FieldNumbers = {
  message: "etcdserverpb.AuthUserListResponse",
  numbers: [1, 2],
};

export const AuthUserListResponse: Codec<AuthUserListResponse> = {
  create({
    header,
    users = [],
  }: Partial<AuthUserListResponse> = {}) {
    return { header, users };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserListResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserListResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const users: string[] = [];
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
          users.push(reader.string());
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserListResponse);
      }
    }
    return { header, users };
  },
  write(writer, message) {
    for (let i = message.users.length - 1; i >= 0; i--) {
      const item = message.users[i];
      if (item === undefined) continue;
      writer.string(18, item);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface AuthUserDeleteRequest {
  readonly name: string;
}

const fieldsOfAuthUserDeleteRequest: FieldNumbers = {
  message: "etcdserverpb.AuthUserDeleteRequest",
  numbers: [1],
};

export const AuthUserDeleteRequest: Codec<AuthUserDeleteRequest> = {
  create({
    name = "",
  }: Partial<AuthUserDeleteRequest> = {}) {
    return { name };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserDeleteRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserDeleteRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserDeleteRequest);
      }
    }
    return { name };
  },
  write(writer, message) {
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthUserDeleteResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthUserDeleteResponse: FieldNumbers = {
  message: "etcdserverpb.AuthUserDeleteResponse",
  numbers: [1],
};

export const AuthUserDeleteResponse: Codec<AuthUserDeleteResponse> = {
  create({
    header,
  }: Partial<AuthUserDeleteResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserDeleteResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserDeleteResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthUserDeleteResponse);
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

/** As in AuthUserAddRequest, only the hash is written into the log. */
export interface AuthUserChangePasswordRequest {
  readonly name: string;
  readonly password: string;
  readonly hashedPassword: string;
}

const fieldsOfAuthUserChangePasswordRequest: FieldNumbers = {
  message: "etcdserverpb.AuthUserChangePasswordRequest",
  numbers: [1, 2, 3],
};

export const AuthUserChangePasswordRequest: Codec<AuthUserChangePasswordRequest> = {
  create({
    name = "",
    password = "",
    hashedPassword = "",
  }: Partial<AuthUserChangePasswordRequest> = {}) {
    return { name, password, hashedPassword };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserChangePasswordRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserChangePasswordRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    let password = base === undefined ? "" : base.password;
    let hashedPassword = base === undefined ? "" : base.hashedPassword;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          password = reader.string();
          break;
        case 26:
          hashedPassword = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserChangePasswordRequest);
      }
    }
    return { name, password, hashedPassword };
  },
  write(writer, message) {
    if (message.hashedPassword !== "") writer.string(26, message.hashedPassword);
    if (message.password !== "") writer.string(18, message.password);
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthUserChangePasswordResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthUserChangePasswordResponse: FieldNumbers = {
  message: "etcdserverpb.AuthUserChangePasswordResponse",
  numbers: [1],
};

export const AuthUserChangePasswordResponse: Codec<AuthUserChangePasswordResponse> = {
  create({
    header,
  }: Partial<AuthUserChangePasswordResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserChangePasswordResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserChangePasswordResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthUserChangePasswordResponse);
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

export interface AuthUserGrantRoleRequest {
  readonly user: string;
  readonly role: string;
}

const fieldsOfAuthUserGrantRoleRequest: FieldNumbers = {
  message: "etcdserverpb.AuthUserGrantRoleRequest",
  numbers: [1, 2],
};

export const AuthUserGrantRoleRequest: Codec<AuthUserGrantRoleRequest> = {
  create({
    user = "",
    role = "",
  }: Partial<AuthUserGrantRoleRequest> = {}) {
    return { user, role };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserGrantRoleRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserGrantRoleRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let user = base === undefined ? "" : base.user;
    let role = base === undefined ? "" : base.role;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          user = reader.string();
          break;
        case 18:
          role = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserGrantRoleRequest);
      }
    }
    return { user, role };
  },
  write(writer, message) {
    if (message.role !== "") writer.string(18, message.role);
    if (message.user !== "") writer.string(10, message.user);
  },
};

export interface AuthUserGrantRoleResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthUserGrantRoleResponse: FieldNumbers = {
  message: "etcdserverpb.AuthUserGrantRoleResponse",
  numbers: [1],
};

export const AuthUserGrantRoleResponse: Codec<AuthUserGrantRoleResponse> = {
  create({
    header,
  }: Partial<AuthUserGrantRoleResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserGrantRoleResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserGrantRoleResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthUserGrantRoleResponse);
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

export interface AuthUserRevokeRoleRequest {
  readonly name: string;
  readonly role: string;
}

const fieldsOfAuthUserRevokeRoleRequest: FieldNumbers = {
  message: "etcdserverpb.AuthUserRevokeRoleRequest",
  numbers: [1, 2],
};

export const AuthUserRevokeRoleRequest: Codec<AuthUserRevokeRoleRequest> = {
  create({
    name = "",
    role = "",
  }: Partial<AuthUserRevokeRoleRequest> = {}) {
    return { name, role };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserRevokeRoleRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserRevokeRoleRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    let role = base === undefined ? "" : base.role;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          role = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthUserRevokeRoleRequest);
      }
    }
    return { name, role };
  },
  write(writer, message) {
    if (message.role !== "") writer.string(18, message.role);
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthUserRevokeRoleResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthUserRevokeRoleResponse: FieldNumbers = {
  message: "etcdserverpb.AuthUserRevokeRoleResponse",
  numbers: [1],
};

export const AuthUserRevokeRoleResponse: Codec<AuthUserRevokeRoleResponse> = {
  create({
    header,
  }: Partial<AuthUserRevokeRoleResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthUserRevokeRoleResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthUserRevokeRoleResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthUserRevokeRoleResponse);
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

export interface AuthRoleAddRequest {
  readonly name: string;
}

const fieldsOfAuthRoleAddRequest: FieldNumbers = {
  message: "etcdserverpb.AuthRoleAddRequest",
  numbers: [1],
};

export const AuthRoleAddRequest: Codec<AuthRoleAddRequest> = {
  create({
    name = "",
  }: Partial<AuthRoleAddRequest> = {}) {
    return { name };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleAddRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleAddRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthRoleAddRequest);
      }
    }
    return { name };
  },
  write(writer, message) {
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthRoleAddResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthRoleAddResponse: FieldNumbers = {
  message: "etcdserverpb.AuthRoleAddResponse",
  numbers: [1],
};

export const AuthRoleAddResponse: Codec<AuthRoleAddResponse> = {
  create({
    header,
  }: Partial<AuthRoleAddResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleAddResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleAddResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthRoleAddResponse);
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

export interface AuthRoleGetRequest {
  readonly role: string;
}

const fieldsOfAuthRoleGetRequest: FieldNumbers = {
  message: "etcdserverpb.AuthRoleGetRequest",
  numbers: [1],
};

export const AuthRoleGetRequest: Codec<AuthRoleGetRequest> = {
  create({
    role = "",
  }: Partial<AuthRoleGetRequest> = {}) {
    return { role };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleGetRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleGetRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let role = base === undefined ? "" : base.role;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          role = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthRoleGetRequest);
      }
    }
    return { role };
  },
  write(writer, message) {
    if (message.role !== "") writer.string(10, message.role);
  },
};

export interface AuthRoleGetResponse {
  readonly header: ResponseHeader | undefined;
  readonly perm: readonly Permission[];
}

const fieldsOfAuthRoleGetResponse: FieldNumbers = {
  message: "etcdserverpb.AuthRoleGetResponse",
  numbers: [1, 2],
};

export const AuthRoleGetResponse: Codec<AuthRoleGetResponse> = {
  create({
    header,
    perm = [],
  }: Partial<AuthRoleGetResponse> = {}) {
    return { header, perm };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleGetResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleGetResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const perm: Permission[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          perm.push(Permission.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfAuthRoleGetResponse);
      }
    }
    return { header, perm };
  },
  write(writer, message) {
    for (let i = message.perm.length - 1; i >= 0; i--) {
      const item = message.perm[i];
      if (item === undefined) continue;
      const before = writer.written();
      Permission.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export type AuthRoleListRequest = Readonly<Record<string, never>>;

const fieldsOfAuthRoleListRequest: FieldNumbers = {
  message: "etcdserverpb.AuthRoleListRequest",
  numbers: [],
};

export const AuthRoleListRequest: Codec<AuthRoleListRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleListRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleListRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfAuthRoleListRequest);
    return {};
  },
  write() {},
};

export interface AuthRoleListResponse {
  readonly header: ResponseHeader | undefined;
  readonly roles: readonly string[];
}

const fieldsOfAuthRoleListResponse: FieldNumbers = {
  message: "etcdserverpb.AuthRoleListResponse",
  numbers: [1, 2],
};

export const AuthRoleListResponse: Codec<AuthRoleListResponse> = {
  create({
    header,
    roles = [],
  }: Partial<AuthRoleListResponse> = {}) {
    return { header, roles };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleListResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleListResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const roles: string[] = [];
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
          roles.push(reader.string());
          break;
        default:
          reader.skip(tag, fieldsOfAuthRoleListResponse);
      }
    }
    return { header, roles };
  },
  write(writer, message) {
    for (let i = message.roles.length - 1; i >= 0; i--) {
      const item = message.roles[i];
      if (item === undefined) continue;
      writer.string(18, item);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface AuthRoleDeleteRequest {
  readonly role: string;
}

const fieldsOfAuthRoleDeleteRequest: FieldNumbers = {
  message: "etcdserverpb.AuthRoleDeleteRequest",
  numbers: [1],
};

export const AuthRoleDeleteRequest: Codec<AuthRoleDeleteRequest> = {
  create({
    role = "",
  }: Partial<AuthRoleDeleteRequest> = {}) {
    return { role };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleDeleteRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleDeleteRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let role = base === undefined ? "" : base.role;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          role = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfAuthRoleDeleteRequest);
      }
    }
    return { role };
  },
  write(writer, message) {
    if (message.role !== "") writer.string(10, message.role);
  },
};

export interface AuthRoleDeleteResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthRoleDeleteResponse: FieldNumbers = {
  message: "etcdserverpb.AuthRoleDeleteResponse",
  numbers: [1],
};

export const AuthRoleDeleteResponse: Codec<AuthRoleDeleteResponse> = {
  create({
    header,
  }: Partial<AuthRoleDeleteResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleDeleteResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleDeleteResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthRoleDeleteResponse);
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

export interface AuthRoleGrantPermissionRequest {
  readonly name: string;
  readonly perm: Permission | undefined;
}

const fieldsOfAuthRoleGrantPermissionRequest: FieldNumbers = {
  message: "etcdserverpb.AuthRoleGrantPermissionRequest",
  numbers: [1, 2],
};

export const AuthRoleGrantPermissionRequest: Codec<AuthRoleGrantPermissionRequest> = {
  create({
    name = "",
    perm,
  }: Partial<AuthRoleGrantPermissionRequest> = {}) {
    return { name, perm };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleGrantPermissionRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleGrantPermissionRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    let perm = base === undefined ? undefined : base.perm;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18: {
          const outer = reader.open();
          perm = Permission.read(reader, perm);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfAuthRoleGrantPermissionRequest);
      }
    }
    return { name, perm };
  },
  write(writer, message) {
    if (message.perm !== undefined) {
      const before = writer.written();
      Permission.write(writer, message.perm);
      writer.close(18, before);
    }
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface AuthRoleGrantPermissionResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthRoleGrantPermissionResponse: FieldNumbers = {
  message: "etcdserverpb.AuthRoleGrantPermissionResponse",
  numbers: [1],
};

export const AuthRoleGrantPermissionResponse: Codec<AuthRoleGrantPermissionResponse> = {
  create({
    header,
  }: Partial<AuthRoleGrantPermissionResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleGrantPermissionResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleGrantPermissionResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthRoleGrantPermissionResponse);
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

export interface AuthRoleRevokePermissionRequest {
  readonly role: string;
  readonly key: Key;
  readonly rangeEnd: Key;
}

const fieldsOfAuthRoleRevokePermissionRequest: FieldNumbers = {
  message: "etcdserverpb.AuthRoleRevokePermissionRequest",
  numbers: [1, 2, 3],
};

export const AuthRoleRevokePermissionRequest: Codec<AuthRoleRevokePermissionRequest> = {
  create({
    role = "",
    key = "",
    rangeEnd = "",
  }: Partial<AuthRoleRevokePermissionRequest> = {}) {
    return { role, key, rangeEnd };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleRevokePermissionRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleRevokePermissionRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let role = base === undefined ? "" : base.role;
    let key = base === undefined ? "" : base.key;
    let rangeEnd = base === undefined ? "" : base.rangeEnd;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          role = reader.string();
          break;
        case 18:
          key = reader.key();
          break;
        case 26:
          rangeEnd = reader.key();
          break;
        default:
          reader.skip(tag, fieldsOfAuthRoleRevokePermissionRequest);
      }
    }
    return { role, key, rangeEnd };
  },
  write(writer, message) {
    if (message.rangeEnd !== "") writer.key(26, message.rangeEnd);
    if (message.key !== "") writer.key(18, message.key);
    if (message.role !== "") writer.string(10, message.role);
  },
};

export interface AuthRoleRevokePermissionResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfAuthRoleRevokePermissionResponse: FieldNumbers = {
  message: "etcdserverpb.AuthRoleRevokePermissionResponse",
  numbers: [1],
};

export const AuthRoleRevokePermissionResponse: Codec<AuthRoleRevokePermissionResponse> = {
  create({
    header,
  }: Partial<AuthRoleRevokePermissionResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    AuthRoleRevokePermissionResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return AuthRoleRevokePermissionResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfAuthRoleRevokePermissionResponse);
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
  "etcdserverpb.KV": {
    Range: {
      path: "/etcdserverpb.KV/Range",
      requestStream: false,
      responseStream: false,
      request: RangeRequest,
      response: RangeResponse,
    },
    RangeStream: {
      path: "/etcdserverpb.KV/RangeStream",
      requestStream: false,
      responseStream: true,
      request: RangeRequest,
      response: RangeStreamResponse,
    },
    Put: {
      path: "/etcdserverpb.KV/Put",
      requestStream: false,
      responseStream: false,
      request: PutRequest,
      response: PutResponse,
    },
    DeleteRange: {
      path: "/etcdserverpb.KV/DeleteRange",
      requestStream: false,
      responseStream: false,
      request: DeleteRangeRequest,
      response: DeleteRangeResponse,
    },
    Txn: {
      path: "/etcdserverpb.KV/Txn",
      requestStream: false,
      responseStream: false,
      request: TxnRequest,
      response: TxnResponse,
    },
    Compact: {
      path: "/etcdserverpb.KV/Compact",
      requestStream: false,
      responseStream: false,
      request: CompactionRequest,
      response: CompactionResponse,
    },
  },
  "etcdserverpb.Watch": {
    Watch: {
      path: "/etcdserverpb.Watch/Watch",
      requestStream: true,
      responseStream: true,
      request: WatchRequest,
      response: WatchResponse,
    },
  },
  "etcdserverpb.Lease": {
    LeaseGrant: {
      path: "/etcdserverpb.Lease/LeaseGrant",
      requestStream: false,
      responseStream: false,
      request: LeaseGrantRequest,
      response: LeaseGrantResponse,
    },
    LeaseRevoke: {
      path: "/etcdserverpb.Lease/LeaseRevoke",
      requestStream: false,
      responseStream: false,
      request: LeaseRevokeRequest,
      response: LeaseRevokeResponse,
    },
    LeaseKeepAlive: {
      path: "/etcdserverpb.Lease/LeaseKeepAlive",
      requestStream: true,
      responseStream: true,
      request: LeaseKeepAliveRequest,
      response: LeaseKeepAliveResponse,
    },
    LeaseTimeToLive: {
      path: "/etcdserverpb.Lease/LeaseTimeToLive",
      requestStream: false,
      responseStream: false,
      request: LeaseTimeToLiveRequest,
      response: LeaseTimeToLiveResponse,
    },
    LeaseLeases: {
      path: "/etcdserverpb.Lease/LeaseLeases",
      requestStream: false,
      responseStream: false,
      request: LeaseLeasesRequest,
      response: LeaseLeasesResponse,
    },
  },
  "etcdserverpb.Cluster": {
    MemberAdd: {
      path: "/etcdserverpb.Cluster/MemberAdd",
      requestStream: false,
      responseStream: false,
      request: MemberAddRequest,
      response: MemberAddResponse,
    },
    MemberRemove: {
      path: "/etcdserverpb.Cluster/MemberRemove",
      requestStream: false,
      responseStream: false,
      request: MemberRemoveRequest,
      response: MemberRemoveResponse,
    },
    MemberUpdate: {
      path: "/etcdserverpb.Cluster/MemberUpdate",
      requestStream: false,
      responseStream: false,
      request: MemberUpdateRequest,
      response: MemberUpdateResponse,
    },
    MemberList: {
      path: "/etcdserverpb.Cluster/MemberList",
      requestStream: false,
      responseStream: false,
      request: MemberListRequest,
      response: MemberListResponse,
    },
    MemberPromote: {
      path: "/etcdserverpb.Cluster/MemberPromote",
      requestStream: false,
      responseStream: false,
      request: MemberPromoteRequest,
      response: MemberPromoteResponse,
    },
  },
  "etcdserverpb.Maintenance": {
    Alarm: {
      path: "/etcdserverpb.Maintenance/Alarm",
      requestStream: false,
      responseStream: false,
      request: AlarmRequest,
      response: AlarmResponse,
    },
    Status: {
      path: "/etcdserverpb.Maintenance/Status",
      requestStream: false,
      responseStream: false,
      request: StatusRequest,
      response: StatusResponse,
    },
    Defragment: {
      path: "/etcdserverpb.Maintenance/Defragment",
      requestStream: false,
      responseStream: false,
      request: DefragmentRequest,
      response: DefragmentResponse,
    },
    Hash: {
      path: "/etcdserverpb.Maintenance/Hash",
      requestStream: false,
      responseStream: false,
      request: HashRequest,
      response: HashResponse,
    },
    HashKV: {
      path: "/etcdserverpb.Maintenance/HashKV",
      requestStream: false,
      responseStream: false,
      request: HashKVRequest,
      response: HashKVResponse,
    },
    Snapshot: {
      path: "/etcdserverpb.Maintenance/Snapshot",
      requestStream: false,
      responseStream: true,
      request: SnapshotRequest,
      response: SnapshotResponse,
    },
    MoveLeader: {
      path: "/etcdserverpb.Maintenance/MoveLeader",
      requestStream: false,
      responseStream: false,
      request: MoveLeaderRequest,
      response: MoveLeaderResponse,
    },
    Downgrade: {
      path: "/etcdserverpb.Maintenance/Downgrade",
      requestStream: false,
      responseStream: false,
      request: DowngradeRequest,
      response: DowngradeResponse,
    },
  },
  "etcdserverpb.Auth": {
    AuthEnable: {
      path: "/etcdserverpb.Auth/AuthEnable",
      requestStream: false,
      responseStream: false,
      request: AuthEnableRequest,
      response: AuthEnableResponse,
    },
    AuthDisable: {
      path: "/etcdserverpb.Auth/AuthDisable",
      requestStream: false,
      responseStream: false,
      request: AuthDisableRequest,
      response: AuthDisableResponse,
    },
    AuthStatus: {
      path: "/etcdserverpb.Auth/AuthStatus",
      requestStream: false,
      responseStream: false,
      request: AuthStatusRequest,
      response: AuthStatusResponse,
    },
    Authenticate: {
      path: "/etcdserverpb.Auth/Authenticate",
      requestStream: false,
      responseStream: false,
      request: AuthenticateRequest,
      response: AuthenticateResponse,
    },
    UserAdd: {
      path: "/etcdserverpb.Auth/UserAdd",
      requestStream: false,
      responseStream: false,
      request: AuthUserAddRequest,
      response: AuthUserAddResponse,
    },
    UserGet: {
      path: "/etcdserverpb.Auth/UserGet",
      requestStream: false,
      responseStream: false,
      request: AuthUserGetRequest,
      response: AuthUserGetResponse,
    },
    UserList: {
      path: "/etcdserverpb.Auth/UserList",
      requestStream: false,
      responseStream: false,
      request: AuthUserListRequest,
      response: AuthUserListResponse,
    },
    UserDelete: {
      path: "/etcdserverpb.Auth/UserDelete",
      requestStream: false,
      responseStream: false,
      request: AuthUserDeleteRequest,
      response: AuthUserDeleteResponse,
    },
    UserChangePassword: {
      path: "/etcdserverpb.Auth/UserChangePassword",
      requestStream: false,
      responseStream: false,
      request: AuthUserChangePasswordRequest,
      response: AuthUserChangePasswordResponse,
    },
    UserGrantRole: {
      path: "/etcdserverpb.Auth/UserGrantRole",
      requestStream: false,
      responseStream: false,
      request: AuthUserGrantRoleRequest,
      response: AuthUserGrantRoleResponse,
    },
    UserRevokeRole: {
      path: "/etcdserverpb.Auth/UserRevokeRole",
      requestStream: false,
      responseStream: false,
      request: AuthUserRevokeRoleRequest,
      response: AuthUserRevokeRoleResponse,
    },
    RoleAdd: {
      path: "/etcdserverpb.Auth/RoleAdd",
      requestStream: false,
      responseStream: false,
      request: AuthRoleAddRequest,
      response: AuthRoleAddResponse,
    },
    RoleGet: {
      path: "/etcdserverpb.Auth/RoleGet",
      requestStream: false,
      responseStream: false,
      request: AuthRoleGetRequest,
      response: AuthRoleGetResponse,
    },
    RoleList: {
      path: "/etcdserverpb.Auth/RoleList",
      requestStream: false,
      responseStream: false,
      request: AuthRoleListRequest,
      response: AuthRoleListResponse,
    },
    RoleDelete: {
      path: "/etcdserverpb.Auth/RoleDelete",
      requestStream: false,
      responseStream: false,
      request: AuthRoleDeleteRequest,
      response: AuthRoleDeleteResponse,
    },
    RoleGrantPermission: {
      path: "/etcdserverpb.Auth/RoleGrantPermission",
      requestStream: false,
      responseStream: false,
      request: AuthRoleGrantPermissionRequest,
      response: AuthRoleGrantPermissionResponse,
    },
    RoleRevokePermission: {
      path: "/etcdserverpb.Auth/RoleRevokePermission",
      requestStream: false,
      responseStream: false,
      request: AuthRoleRevokePermissionRequest,
      response: AuthRoleRevokePermissionResponse,
    },
  },
} as const;
