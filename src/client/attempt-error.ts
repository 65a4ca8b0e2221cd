import { GrpcCode } from "../base/index.js";
import { AttemptError } from "./transport.js";

/** grpc-js's texts for calls that found no connection. */
const neverSent = /^(No connection established|Name resolution failed|Connecting to|Failed to connect)/;

/** An error of grpc-js, as the error of an attempt. */
export function attemptError(error: Error | null, endpoint: string): AttemptError {
  if (error instanceof AttemptError) return error;
  const { code, details }: { code: number; details: string } = {
    code: GrpcCode.Internal,
    details: error?.message ?? "no response",
    ...error,
  };
  const notSent = code === GrpcCode.Unavailable && neverSent.test(details);
  return new AttemptError(code, details, endpoint, notSent);
}
