/** The call that a request came with, as the server sees it. */
export interface Call {
  /** Whether nobody waits for the answer: the client cancelled, its connection broke, or the deadline has passed. */
  readonly cancelled: boolean;
  /** Aborted when the call is cancelled. It is created on first use, so reading `cancelled` is cheaper. */
  readonly signal: AbortSignal;
  /**
   * Calls `listener` once when the call is cancelled. Cheaper than `signal`, and absent where a call has only that. A
   * call has at most one listener.
   */
  onCancel?(listener: () => void): void;
  /** The first value of a metadata entry (gRPC) or header (HTTP). The name is in lower case. */
  metadata(name: string): string | undefined;
  /** An object that all calls of a connection share. Where work has to wait, clients are served in turn by it. */
  readonly client?: object | undefined;
  /** The client's address, for the log. */
  readonly remote?: string | undefined;
  /** Set for calls of the program that the member runs in. They may do everything. */
  readonly owner?: boolean | undefined;
  /** The common name in the client's verified certificate; undefined without one. */
  readonly commonName?: string | undefined;
}
