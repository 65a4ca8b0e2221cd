/** What the server knows of the call a request came with: whether its client still waits, and what it sent along. */
export interface Call {
  /** Aborted when the client cancels, its connection breaks, or its deadline passes. */
  readonly signal: AbortSignal;
  /** The first value of a metadata entry (gRPC) or header (HTTP); names in lower case. */
  metadata(name: string): string | undefined;
}
