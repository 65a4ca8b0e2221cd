// Written by `npm run generate` from proto/health.proto; changes belong there.
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

export interface HealthCheckRequest {
  /** empty: the server as a whole */
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
  read(reader) {
    let status = 0;
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
  },
} as const;
