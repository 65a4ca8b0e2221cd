import { GrpcCode, isErrorText } from "../base/index.js";
import type { Decoded, WatchResponse } from "../wire/index.js";

const codeNames = new Map<number, string>(Object.entries(GrpcCode).map(([name, code]) => [code, name]));

/**
 * A failed call, with the gRPC code and, when the server refused the call, etcd's own text (`etcdserver: key is not
 * provided`).
 */
export class ClientError extends Error {
  override readonly name: string = "ClientError";
  readonly code: GrpcCode;
  /** Text of the server or the transport, without a prefix. */
  readonly details: string;
  /** Endpoint of the last attempt. */
  readonly endpoint: string | undefined;

  constructor(
    code: number,
    details: string,
    options: { endpoint?: string | undefined; cause?: unknown; undecorated?: boolean } = {},
  ) {
    super(
      options.undecorated === true ? details : textOf(code, details),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = (code in GrpcCodeByNumber ? code : GrpcCode.Unknown) as GrpcCode;
    this.details = details;
    this.endpoint = options.endpoint;
  }
}

/** The server ended the watch, or the requested history is compacted. */
export class WatchCanceledError extends ClientError {
  override readonly name = "WatchCanceledError";
  /** The oldest revision that can still be watched; 0 when compaction was not the reason. */
  readonly compactRevision: number;

  /** The response that ended the watch. */
  readonly response: Decoded<WatchResponse>;

  constructor(code: number, details: string, response: Decoded<WatchResponse>) {
    super(code, details, { undecorated: response.created });
    this.compactRevision = response.compactRevision;
    this.response = response;
  }
}

const GrpcCodeByNumber: Readonly<Record<number, string>> = Object.fromEntries(codeNames);

export function deadlineExceeded(cause?: unknown, endpoint?: string): ClientError {
  return new ClientError(GrpcCode.DeadlineExceeded, "context deadline exceeded", { cause, endpoint });
}

export function canceled(): ClientError {
  return new ClientError(GrpcCode.Canceled, "context canceled");
}

/** The message of an error: etcd's texts stay as they are; texts of the transport get a prefix, as in Go's client. */
function textOf(code: number, details: string): string {
  if (isErrorText(details) || details.startsWith("context ")) return details;
  return `rpc error: code = ${codeNames.get(code) ?? `Code(${code})`} desc = ${details}`;
}
