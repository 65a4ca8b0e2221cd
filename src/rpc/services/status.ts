import { EtcdError, errorStack, GrpcCode, type Logger } from "../../base/index.js";
import { JsonError, WireError } from "../../wire/index.js";

/** The status of a call: a gRPC code, and a text for all codes but `Ok`. */
export interface CallStatus {
  readonly code: GrpcCode;
  readonly details: string;
}

export const okStatus: CallStatus = { code: GrpcCode.Ok, details: "OK" };

/** The error of a call that has ended early. Very many may end at once, so they share one object. */
export const canceled = new EtcdError("canceled");

/** Whether a call was refused because its client is unknown, or because the server has no room for its calls. */
export function isTurnedAway({ code }: CallStatus): boolean {
  return code === GrpcCode.Unauthenticated || code === GrpcCode.ResourceExhausted;
}

/** An error of the transport. etcd's table of errors does not contain it, since its gRPC library reports it. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: GrpcCode;

  constructor(code: GrpcCode, details: string) {
    super(details);
    this.code = code;
  }
}

/** The status for an error. An unexpected error is logged, and its text is not sent to the client. */
export function statusOf(error: unknown, method: string, logger: Logger): CallStatus {
  if (error instanceof EtcdError || error instanceof CallError) return { code: error.code, details: error.message };
  if (error instanceof WireError) {
    return { code: GrpcCode.Internal, details: `grpc: error unmarshalling request: ${error.message}` };
  }
  if (error instanceof JsonError) return { code: GrpcCode.InvalidArgument, details: error.message };
  logger.error("unexpected error while handling a request", {
    method,
    error: errorStack(error),
  });
  return { code: GrpcCode.Internal, details: "etcdserver: internal error; the member's log says more" };
}
