import type { FieldList } from "../../http2/index.js";

/** Where a call came from. */
export interface CallOrigin {
  readonly head: FieldList;
  /** What the client's messages are compressed with. */
  readonly encoding: string;
  /** How long it may take, if there is a bound. */
  readonly timeoutMs: number | undefined;
  /** Common name of the connection's client certificate; undefined without one. */
  readonly commonName: string | undefined;
  /** What all calls over the connection share. */
  readonly client: object;
  /** The client's address, for the log. */
  readonly remote: string;
}
