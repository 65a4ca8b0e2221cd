// Written by `npm run generate` from proto/election.proto; changes belong there.
import { emptyBytes, type Key } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec, type Decoded, type Encodable } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";
import { KeyValue } from "./kv.js";
import { ResponseHeader } from "./rpc.js";

export interface CampaignRequest {
  readonly name: Uint8Array;
  /** the lease of the candidacy; 0: the server grants one */
  readonly lease: bigint;
  /** the first value that the leader proclaims */
  readonly value: Uint8Array;
}

const fieldsOfCampaignRequest: FieldNumbers = {
  message: "v3electionpb.CampaignRequest",
  numbers: [1, 2, 3],
};

export const CampaignRequest: Codec<CampaignRequest> = {
  create({
    name = emptyBytes,
    lease = 0n,
    value = emptyBytes,
  }: Partial<CampaignRequest> = {}) {
    return { name, lease, value };
  },
  encode(message) {
    const writer = sharedWriter.start();
    CampaignRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return CampaignRequest.read(new Reader(bytes));
  },
  read(reader) {
    let name = emptyBytes;
    let lease = 0n;
    let value = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.bytes();
          break;
        case 16:
          lease = reader.int64();
          break;
        case 26:
          value = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfCampaignRequest);
      }
    }
    return { name, lease, value };
  },
  write(writer, message) {
    if (message.value.length > 0) writer.bytes(26, message.value);
    if (message.lease !== 0n) writer.int64(16, message.lease);
    if (message.name.length > 0) writer.bytes(10, message.name);
  },
};

/** The answer is sent when the candidate leads. */
export interface CampaignResponse {
  readonly header: ResponseHeader | undefined;
  readonly leader: LeaderKey | undefined;
}

const fieldsOfCampaignResponse: FieldNumbers = {
  message: "v3electionpb.CampaignResponse",
  numbers: [1, 2],
};

export const CampaignResponse: Codec<CampaignResponse> = {
  create({
    header,
    leader,
  }: Partial<CampaignResponse> = {}) {
    return { header, leader };
  },
  encode(message) {
    const writer = sharedWriter.start();
    CampaignResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return CampaignResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let leader: LeaderKey | undefined;
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
          leader = LeaderKey.read(reader, leader);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfCampaignResponse);
      }
    }
    return { header, leader };
  },
  write(writer, message) {
    if (message.leader !== undefined) {
      const before = writer.written();
      LeaderKey.write(writer, message.leader);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** Identifies the leader by the key that was created under this name and lease. */
export interface LeaderKey {
  readonly name: Uint8Array;
  readonly key: Key;
  /** the creation revision of the key; a later generation of the key is another candidacy */
  readonly rev: number;
  readonly lease: bigint;
}

const fieldsOfLeaderKey: FieldNumbers = {
  message: "v3electionpb.LeaderKey",
  numbers: [1, 2, 3, 4],
};

export const LeaderKey: Codec<LeaderKey> = {
  create({
    name = emptyBytes,
    key = "",
    rev = 0,
    lease = 0n,
  }: Partial<LeaderKey> = {}) {
    return { name, key, rev, lease };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaderKey.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaderKey.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? emptyBytes : base.name;
    let key = base === undefined ? "" : base.key;
    let rev = base === undefined ? 0 : base.rev;
    let lease = base === undefined ? 0n : base.lease;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.bytes();
          break;
        case 18:
          key = reader.key();
          break;
        case 24:
          rev = reader.int53();
          break;
        case 32:
          lease = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfLeaderKey);
      }
    }
    return { name, key, rev, lease };
  },
  write(writer, message) {
    if (message.lease !== 0n) writer.int64(32, message.lease);
    if (message.rev !== 0) writer.int53(24, message.rev);
    if (message.key !== "") writer.key(18, message.key);
    if (message.name.length > 0) writer.bytes(10, message.name);
  },
};

export interface LeaderRequest {
  readonly name: Uint8Array;
}

const fieldsOfLeaderRequest: FieldNumbers = {
  message: "v3electionpb.LeaderRequest",
  numbers: [1],
};

export const LeaderRequest: Codec<LeaderRequest> = {
  create({
    name = emptyBytes,
  }: Partial<LeaderRequest> = {}) {
    return { name };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaderRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaderRequest.read(new Reader(bytes));
  },
  read(reader) {
    let name = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfLeaderRequest);
      }
    }
    return { name };
  },
  write(writer, message) {
    if (message.name.length > 0) writer.bytes(10, message.name);
  },
};

export interface LeaderResponse {
  readonly header: ResponseHeader | undefined;
  /** the value of the leader */
  readonly kv: Encodable<KeyValue> | undefined;
}

const fieldsOfLeaderResponse: FieldNumbers = {
  message: "v3electionpb.LeaderResponse",
  numbers: [1, 2],
};

export const LeaderResponse: Codec<LeaderResponse, Decoded<LeaderResponse>> = {
  create({
    header,
    kv,
  }: Partial<LeaderResponse> = {}) {
    return { header, kv };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaderResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaderResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let kv: KeyValue | undefined;
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
          kv = KeyValue.read(reader, kv);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfLeaderResponse);
      }
    }
    return { header, kv };
  },
  write(writer, message) {
    if (message.kv !== undefined) {
      if (message.kv instanceof Uint8Array) writer.bytes(18, message.kv);
      else {
        const before = writer.written();
        KeyValue.write(writer, message.kv);
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

export interface ResignRequest {
  readonly leader: LeaderKey | undefined;
}

const fieldsOfResignRequest: FieldNumbers = {
  message: "v3electionpb.ResignRequest",
  numbers: [1],
};

export const ResignRequest: Codec<ResignRequest> = {
  create({
    leader,
  }: Partial<ResignRequest> = {}) {
    return { leader };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ResignRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ResignRequest.read(new Reader(bytes));
  },
  read(reader) {
    let leader: LeaderKey | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          leader = LeaderKey.read(reader, leader);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfResignRequest);
      }
    }
    return { leader };
  },
  write(writer, message) {
    if (message.leader !== undefined) {
      const before = writer.written();
      LeaderKey.write(writer, message.leader);
      writer.close(10, before);
    }
  },
};

export interface ResignResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfResignResponse: FieldNumbers = {
  message: "v3electionpb.ResignResponse",
  numbers: [1],
};

export const ResignResponse: Codec<ResignResponse> = {
  create({
    header,
  }: Partial<ResignResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ResignResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ResignResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfResignResponse);
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

export interface ProclaimRequest {
  readonly leader: LeaderKey | undefined;
  readonly value: Uint8Array;
}

const fieldsOfProclaimRequest: FieldNumbers = {
  message: "v3electionpb.ProclaimRequest",
  numbers: [1, 2],
};

export const ProclaimRequest: Codec<ProclaimRequest> = {
  create({
    leader,
    value = emptyBytes,
  }: Partial<ProclaimRequest> = {}) {
    return { leader, value };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ProclaimRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ProclaimRequest.read(new Reader(bytes));
  },
  read(reader) {
    let leader: LeaderKey | undefined;
    let value = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          leader = LeaderKey.read(reader, leader);
          reader.close(outer);
          break;
        }
        case 18:
          value = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfProclaimRequest);
      }
    }
    return { leader, value };
  },
  write(writer, message) {
    if (message.value.length > 0) writer.bytes(18, message.value);
    if (message.leader !== undefined) {
      const before = writer.written();
      LeaderKey.write(writer, message.leader);
      writer.close(10, before);
    }
  },
};

export interface ProclaimResponse {
  readonly header: ResponseHeader | undefined;
}

const fieldsOfProclaimResponse: FieldNumbers = {
  message: "v3electionpb.ProclaimResponse",
  numbers: [1],
};

export const ProclaimResponse: Codec<ProclaimResponse> = {
  create({
    header,
  }: Partial<ProclaimResponse> = {}) {
    return { header };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ProclaimResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ProclaimResponse.read(new Reader(bytes));
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
          reader.skip(tag, fieldsOfProclaimResponse);
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
  "v3electionpb.Election": {
    Campaign: {
      path: "/v3electionpb.Election/Campaign",
      requestStream: false,
      responseStream: false,
      request: CampaignRequest,
      response: CampaignResponse,
    },
    Proclaim: {
      path: "/v3electionpb.Election/Proclaim",
      requestStream: false,
      responseStream: false,
      request: ProclaimRequest,
      response: ProclaimResponse,
    },
    Leader: {
      path: "/v3electionpb.Election/Leader",
      requestStream: false,
      responseStream: false,
      request: LeaderRequest,
      response: LeaderResponse,
    },
    Observe: {
      path: "/v3electionpb.Election/Observe",
      requestStream: false,
      responseStream: true,
      request: LeaderRequest,
      response: LeaderResponse,
    },
    Resign: {
      path: "/v3electionpb.Election/Resign",
      requestStream: false,
      responseStream: false,
      request: ResignRequest,
      response: ResignResponse,
    },
  },
} as const;
