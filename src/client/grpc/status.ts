import { GrpcCode } from "../../base/index.js";
import { errorCodes, type FieldList, type StreamFailure } from "../../http2/index.js";

/** How a call ended, in gRPC's terms. */
export interface CallStatus {
  readonly code: number;
  readonly details: string;
  /** The server surely did nothing for the call. */
  readonly notSent: boolean;
}

/** The status in an answer's last fields, if there is one. */
export function statusOf(list: FieldList): CallStatus | undefined {
  const code = fieldOf(list, "grpc-status");
  if (code === undefined) return undefined;
  const known = /^[0-9]{1,3}$/.test(code) ? Number(code) : GrpcCode.Unknown;
  return { code: known, details: decoded(fieldOf(list, "grpc-message") ?? ""), notSent: false };
}

/** gRPC codes for the HTTP statuses of servers and proxies that do not answer with gRPC. */
const codeOfHttpStatus: Readonly<Record<string, GrpcCode>> = {
  400: GrpcCode.Internal,
  401: GrpcCode.Unauthenticated,
  403: GrpcCode.PermissionDenied,
  404: GrpcCode.Unimplemented,
  429: GrpcCode.Unavailable,
  502: GrpcCode.Unavailable,
  503: GrpcCode.Unavailable,
  504: GrpcCode.Unavailable,
};

/** The status of an answer that is not gRPC; undefined if its head is gRPC's. */
export function foreignStatus(head: FieldList): CallStatus | undefined {
  const status = fieldOf(head, ":status") ?? "";
  const type = fieldOf(head, "content-type") ?? "";
  const details =
    status === "200"
      ? `the answer is not gRPC: its content-type is ${JSON.stringify(type)}`
      : `unexpected HTTP status code received from server: ${status}`;
  if (status === "200" && type.startsWith("application/grpc")) return undefined;
  return { code: codeOfHttpStatus[status] ?? GrpcCode.Unknown, details, notSent: false };
}

/** gRPC codes for the codes with which HTTP/2 streams are reset; every other one is Internal. */
const codeOfReset: Readonly<Record<number, GrpcCode>> = {
  [errorCodes.cancel]: GrpcCode.Canceled,
  [errorCodes.enhanceYourCalm]: GrpcCode.ResourceExhausted,
};

/** The status of a call whose answer will not be complete. */
export function brokenStatus(failure: StreamFailure): CallStatus {
  switch (failure.kind) {
    case "unprocessed":
      return { code: GrpcCode.Unavailable, details: `connection error: ${failure.reason}`, notSent: true };
    case "reset": {
      const details = `stream terminated by RST_STREAM with error code: ${failure.code}`;
      return { code: codeOfReset[failure.code] ?? GrpcCode.Internal, details, notSent: false };
    }
    case "lost":
      // In the words of Go's client.
      return { code: GrpcCode.Unavailable, details: `error reading from server: ${failure.reason}`, notSent: false };
  }
}

function fieldOf({ fields }: FieldList, name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}

/** Decodes a status message: percent-encoded UTF-8. */
function decoded(text: string): string {
  if (!text.includes("%")) return Buffer.from(text, "latin1").toString();
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
