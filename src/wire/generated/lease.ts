// Written by `npm run generate` from proto/lease.proto; changes belong there.
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";
import { LeaseTimeToLiveRequest, LeaseTimeToLiveResponse } from "./rpc.js";

/** A row of the bucket of leases. Times are in seconds. */
export interface Lease {
  readonly id: bigint;
  /** the granted TTL */
  readonly ttl: number;
  /** the remaining time at the last checkpoint; 0: no checkpoint */
  readonly remainingTtl: number;
}

const fieldsOfLease: FieldNumbers = {
  message: "leasepb.Lease",
  numbers: [1, 2, 3],
};

export const Lease: Codec<Lease> = {
  create({
    id = 0n,
    ttl = 0,
    remainingTtl = 0,
  }: Partial<Lease> = {}) {
    return { id, ttl, remainingTtl };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Lease.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Lease.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    let ttl = 0;
    let remainingTtl = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.int64();
          break;
        case 16:
          ttl = reader.int53();
          break;
        case 24:
          remainingTtl = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfLease);
      }
    }
    return { id, ttl, remainingTtl };
  },
  write(writer, message) {
    if (message.remainingTtl !== 0) writer.int53(24, message.remainingTtl);
    if (message.ttl !== 0) writer.int53(16, message.ttl);
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface LeaseInternalRequest {
  readonly leaseTimeToLiveRequest: LeaseTimeToLiveRequest | undefined;
}

const fieldsOfLeaseInternalRequest: FieldNumbers = {
  message: "leasepb.LeaseInternalRequest",
  numbers: [1],
};

export const LeaseInternalRequest: Codec<LeaseInternalRequest> = {
  create({
    leaseTimeToLiveRequest,
  }: Partial<LeaseInternalRequest> = {}) {
    return { leaseTimeToLiveRequest };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseInternalRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseInternalRequest.read(new Reader(bytes));
  },
  read(reader) {
    let leaseTimeToLiveRequest: LeaseTimeToLiveRequest | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          leaseTimeToLiveRequest = LeaseTimeToLiveRequest.read(reader, leaseTimeToLiveRequest);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfLeaseInternalRequest);
      }
    }
    return { leaseTimeToLiveRequest };
  },
  write(writer, message) {
    if (message.leaseTimeToLiveRequest !== undefined) {
      const before = writer.written();
      LeaseTimeToLiveRequest.write(writer, message.leaseTimeToLiveRequest);
      writer.close(10, before);
    }
  },
};

export interface LeaseInternalResponse {
  readonly leaseTimeToLiveResponse: LeaseTimeToLiveResponse | undefined;
}

const fieldsOfLeaseInternalResponse: FieldNumbers = {
  message: "leasepb.LeaseInternalResponse",
  numbers: [1],
};

export const LeaseInternalResponse: Codec<LeaseInternalResponse> = {
  create({
    leaseTimeToLiveResponse,
  }: Partial<LeaseInternalResponse> = {}) {
    return { leaseTimeToLiveResponse };
  },
  encode(message) {
    const writer = sharedWriter.start();
    LeaseInternalResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return LeaseInternalResponse.read(new Reader(bytes));
  },
  read(reader) {
    let leaseTimeToLiveResponse: LeaseTimeToLiveResponse | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          leaseTimeToLiveResponse = LeaseTimeToLiveResponse.read(reader, leaseTimeToLiveResponse);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfLeaseInternalResponse);
      }
    }
    return { leaseTimeToLiveResponse };
  },
  write(writer, message) {
    if (message.leaseTimeToLiveResponse !== undefined) {
      const before = writer.written();
      LeaseTimeToLiveResponse.write(writer, message.leaseTimeToLiveResponse);
      writer.close(10, before);
    }
  },
};
