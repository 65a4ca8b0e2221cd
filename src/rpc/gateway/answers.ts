import { GrpcCode } from "../../base/index.js";
import type { CallStatus } from "../services/status.js";

/** The HTTP status for each gRPC code, the same as in etcd's gateway. */
const httpStatuses: Readonly<Record<GrpcCode, number>> = {
  [GrpcCode.Ok]: 200,
  [GrpcCode.Canceled]: 499,
  [GrpcCode.Unknown]: 500,
  [GrpcCode.InvalidArgument]: 400,
  [GrpcCode.DeadlineExceeded]: 504,
  [GrpcCode.NotFound]: 404,
  [GrpcCode.AlreadyExists]: 409,
  [GrpcCode.PermissionDenied]: 403,
  [GrpcCode.ResourceExhausted]: 429,
  [GrpcCode.FailedPrecondition]: 400,
  [GrpcCode.Aborted]: 409,
  [GrpcCode.OutOfRange]: 400,
  [GrpcCode.Unimplemented]: 501,
  [GrpcCode.Internal]: 500,
  [GrpcCode.Unavailable]: 503,
  [GrpcCode.DataLoss]: 500,
  [GrpcCode.Unauthenticated]: 401,
};

export function httpStatusOf(code: GrpcCode): number {
  return httpStatuses[code];
}

/**
 * The body of a refusal. It contains the text twice, since newer clients look for one name and older ones for the
 * other.
 */
export function refusalJson({ code, details }: CallStatus): string {
  return JSON.stringify({ error: details, code, message: details });
}

/** A message of a stream as a line. As in Go's JSON, the special characters of HTML are escaped in strings. */
export function resultLine(json: string): string {
  return `{"result":${json.replace(/[<>&\u2028\u2029]/g, unicodeEscape)}}\n`;
}

/** The last line of a stream that ends with an error. */
export function refusalLine({ code, details }: CallStatus): string {
  return `${JSON.stringify({ error: { code, message: details } })}\n`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
