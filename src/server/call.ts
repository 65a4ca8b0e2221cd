/** One request as the server sees it: who may still be waiting for the answer, and what came beside the message. */
export interface Call {
  /** Aborts when the client cancelled, its deadline passed or its connection is gone. */
  readonly signal: AbortSignal;
  /** A metadata value of the request (names in lower case), the first if there are several. */
  metadata(name: string): string | undefined;
}
