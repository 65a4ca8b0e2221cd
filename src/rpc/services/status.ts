import { EtcdError, errorStack, GrpcCode, type Logger } from "../../base/index.js";
import { JsonError, WireError } from "../../wire/index.js";

/** How a call ends: a gRPC code, and the text that goes with any but `Ok`. */
export interface CallStatus {
  readonly code: GrpcCode;
  readonly details: string;
}

export const okStatus: CallStatus = { code: GrpcCode.Ok, details: "OK" };

/** A refusal of the transport: it has no row among etcd's errors, because etcd's own transport words it. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: GrpcCode;

  constructor(code: GrpcCode, details: string) {
    super(details);
    this.code = code;
  }
}

/** What the client hears of an error; one that nobody foresaw is logged and its text kept here. */
export function statusOf(error: unknown, method: string, logger: Logger): CallStatus {
  if (error instanceof EtcdError || error instanceof CallError) return { code: error.code, details: error.message };
  if (error instanceof WireError) {
    return { code: GrpcCode.Internal, details: `grpc: error unmarshalling request: ${error.message}` };
  }
  if (error instanceof JsonError) return { code: GrpcCode.InvalidArgument, details: error.message };
  logger.error("a request failed for no reason that was foreseen", {
    method,
    error: errorStack(error),
  });
  return { code: GrpcCode.Internal, details: "etcdserver: internal error; the member's log says more" };
}
