/** What the server knows of the call a request came with: whether its client still waits, and what it sent along. */
export interface Call {
  /** Nobody waits for the answer any more: the client cancelled, its connection broke, or its deadline passed. */
  readonly cancelled: boolean;
  /** Aborted when that happens. For whoever waits: most calls are answered without, and it costs more than a look. */
  readonly signal: AbortSignal;
  /** The first value of a metadata entry (gRPC) or header (HTTP); names in lower case. */
  metadata(name: string): string | undefined;
  /** What all calls over one connection share: where work has to wait, clients are served in turn. */
  readonly client?: object | undefined;
  /** The common name of the client's certificate, where the connection has one and it was verified. */
  readonly commonName?: string | undefined;
}
