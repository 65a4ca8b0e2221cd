import type { Field, FieldList } from "../../http2/index.js";
import { fieldOf, isForGrpc, oddMethod, oddType } from "./grpc-head.js";

/** The memory of a metadata field beside its characters. */
const fieldBytes = 100;

/** The meaning of a call's head, except for its timeout. */
export interface CallHead {
  readonly path: string;
  /** The encoding of the client's compressed messages. */
  readonly encoding: string;
  /** Whether the content type is gRPC's. */
  readonly forGrpc: boolean;
  /** The refusals of a call whose content type or HTTP method is not gRPC's. */
  readonly oddType: readonly Field[] | undefined;
  readonly oddMethod: readonly Field[] | undefined;
  /** The place of the timeout among the fields; -1 without one. */
  readonly timeoutAt: number;
  /** Whether a grpc-gateway proxy passes the call on. Its certificate does not identify its client. */
  readonly proxied: boolean;
  /** The bytes that the metadata takes, those of the timeout as in the first call with this head. */
  readonly bytes: number;
}

/** Reads the heads of a connection's calls. Most calls of a client have the same one, which is then read once. */
export class CallHeads {
  #kind: object | undefined;
  #last: CallHead | undefined;

  of(list: FieldList): CallHead {
    if (this.#last !== undefined && this.#kind === list.kind) return this.#last;
    this.#kind = list.kind;
    this.#last = readHead(list);
    return this.#last;
  }
}

function readHead(list: FieldList): CallHead {
  let bytes = 0;
  for (const { name, value } of list.fields) bytes += name.length + value.length + fieldBytes;
  return {
    path: fieldOf(list, ":path") ?? "",
    encoding: fieldOf(list, "grpc-encoding") ?? "identity",
    forGrpc: isForGrpc(list),
    oddType: oddType(list),
    oddMethod: oddMethod(list),
    timeoutAt: list.fields.findIndex(({ name }) => name === "grpc-timeout"),
    proxied: fieldOf(list, "grpcgateway-accept") !== undefined,
    bytes,
  };
}
