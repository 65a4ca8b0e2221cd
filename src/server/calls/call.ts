/** The call that a request came with, as the server sees it. */
export interface Call {
  /** Whether nobody waits for the answer: the client cancelled, its connection broke, or the deadline has passed. */
  readonly cancelled: boolean;
  /** Aborted when the call is cancelled. It is created on first use, so reading `cancelled` is cheaper. */
  readonly signal: AbortSignal;
  /**
   * Calls `listener` once when the call is cancelled, or at once when it is. Cheaper than `signal`, and absent where a
   * call has only that. A listener stays as long as the call, so a caller that is done before must ignore it.
   */
  onCancel?(listener: () => void): void;
  /** The first value of a metadata entry (gRPC) or header (HTTP). The name is in lower case. */
  metadata(name: string): string | undefined;
  /** Calls of a connection that have the same object here have the same metadata, except for their timeouts. */
  readonly metadataKind?: object | undefined;
  /** An object that all calls of a connection share. Where work has to wait, clients are served in turn by it. */
  readonly client?: object | undefined;
  /** The client's address, for the log. */
  readonly remote?: string | undefined;
  /** Set for changes that a user makes in the console, which are logged with the user's name. */
  readonly fromConsole?: boolean | undefined;
  /** Set for calls of the program that the member runs in. They may do everything. */
  readonly owner?: boolean | undefined;
  /** The common name in the client's verified certificate; undefined without one. */
  readonly commonName?: string | undefined;
}

/** Calls `listener` once when the call is cancelled, or at once when it is, whichever way the call offers. */
export function onCancelled(call: Call, listener: () => void): void {
  if (call.onCancel !== undefined) call.onCancel(listener);
  else if (call.signal.aborted) listener();
  else call.signal.addEventListener("abort", listener, { once: true });
}

/** A listener that calls two. A call rarely has more than one, and then needs no list. */
export function bothOf(first: (() => void) | undefined, second: () => void): () => void {
  if (first === undefined) return second;
  return () => {
    first();
    second();
  };
}
