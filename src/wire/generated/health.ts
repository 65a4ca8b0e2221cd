// Written by `npm run generate` from proto/health.proto; changes belong there.
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

export interface HealthCheckRequest {
  /** empty: the whole server */
  readonly service: string;
}

const fieldsOfHealthCheckRequest: FieldNumbers = {
  message: "grpc.health.v1.HealthCheckRequest",
  numbers: [1],
};

export const HealthCheckRequest: Codec<HealthCheckRequest> = {
  create({
    service = "",
  }: Partial<HealthCheckRequest> = {}) {
    return { service };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HealthCheckRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HealthCheckRequest.read(new Reader(bytes));
  },
  read(reader) {
    let service = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          service = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfHealthCheckRequest);
      }
    }
    return { service };
  },
  write(writer, message) {
    if (message.service !== "") writer.string(10, message.service);
  },
};

export const ServingStatus = {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  /** only in Watch */
  SERVICE_UNKNOWN: 3,
} as const;
/** Open: a number that is not listed stays as it came. */
export type ServingStatus = number;

export interface HealthCheckResponse {
  readonly status: ServingStatus;
}

const fieldsOfHealthCheckResponse: FieldNumbers = {
  message: "grpc.health.v1.HealthCheckResponse",
  numbers: [1],
};

export const HealthCheckResponse: Codec<HealthCheckResponse> = {
  create({
    status = 0,
  }: Partial<HealthCheckResponse> = {}) {
    return { status };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HealthCheckResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HealthCheckResponse.read(new Reader(bytes));
  },
  read(reader, base) {
    let status = base === undefined ? 0 : base.status;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          status = reader.int32();
          break;
        default:
          reader.skip(tag, fieldsOfHealthCheckResponse);
      }
    }
    return { status };
  },
  write(writer, message) {
    if (message.status !== 0) writer.int32(8, message.status);
  },
};

export type HealthListRequest = Readonly<Record<string, never>>;

const fieldsOfHealthListRequest: FieldNumbers = {
  message: "grpc.health.v1.HealthListRequest",
  numbers: [],
};

export const HealthListRequest: Codec<HealthListRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    HealthListRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HealthListRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfHealthListRequest);
    return {};
  },
  write() {},
};

export interface HealthListResponse {
  /** in the original map<string, HealthCheckResponse>, which has the same bytes */
  readonly statuses: readonly HealthListEntry[];
}

const fieldsOfHealthListResponse: FieldNumbers = {
  message: "grpc.health.v1.HealthListResponse",
  numbers: [1],
};

export const HealthListResponse: Codec<HealthListResponse> = {
  create({
    statuses = [],
  }: Partial<HealthListResponse> = {}) {
    return { statuses };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HealthListResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HealthListResponse.read(new Reader(bytes));
  },
  read(reader) {
    const statuses: HealthListEntry[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          statuses.push(HealthListEntry.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfHealthListResponse);
      }
    }
    return { statuses };
  },
  write(writer, message) {
    for (let i = message.statuses.length - 1; i >= 0; i--) {
      const item = message.statuses[i];
      if (item === undefined) continue;
      const before = writer.written();
      HealthListEntry.write(writer, item);
      writer.close(10, before);
    }
  },
};

export interface HealthListEntry {
  /** the service; empty: the whole server */
  readonly key: string;
  readonly value: HealthCheckResponse | undefined;
}

const fieldsOfHealthListEntry: FieldNumbers = {
  message: "grpc.health.v1.HealthListEntry",
  numbers: [1, 2],
};

export const HealthListEntry: Codec<HealthListEntry> = {
  create({
    key = "",
    value,
  }: Partial<HealthListEntry> = {}) {
    return { key, value };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HealthListEntry.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HealthListEntry.read(new Reader(bytes));
  },
  read(reader) {
    let key = "";
    let value: HealthCheckResponse | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          key = reader.string();
          break;
        case 18: {
          const outer = reader.open();
          value = HealthCheckResponse.read(reader, value);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfHealthListEntry);
      }
    }
    return { key, value };
  },
  write(writer, message) {
    if (message.value !== undefined) {
      const before = writer.written();
      HealthCheckResponse.write(writer, message.value);
      writer.close(18, before);
    }
    if (message.key !== "") writer.string(10, message.key);
  },
};

/** Every method by the full name of its service, with what a transport needs to carry it. */
export const services = {
  "grpc.health.v1.Health": {
    Check: {
      path: "/grpc.health.v1.Health/Check",
      requestStream: false,
      responseStream: false,
      request: HealthCheckRequest,
      response: HealthCheckResponse,
    },
    Watch: {
      path: "/grpc.health.v1.Health/Watch",
      requestStream: false,
      responseStream: true,
      request: HealthCheckRequest,
      response: HealthCheckResponse,
    },
    List: {
      path: "/grpc.health.v1.Health/List",
      requestStream: false,
      responseStream: false,
      request: HealthListRequest,
      response: HealthListResponse,
    },
  },
} as const;
