import type { FieldList } from "../../http2/index.js";

/** The facts about a call's client and connection. */
export interface CallOrigin {
  readonly head: FieldList;
  /** The encoding of the client's compressed messages. */
  readonly encoding: string;
  /** The timeout of the call; undefined without one. */
  readonly timeoutMs: number | undefined;
  /** The common name in the client's verified certificate; undefined without one, and for a proxy's certificate. */
  readonly commonName: string | undefined;
  /** Object that all calls over one connection share. */
  readonly client: object;
  /** The client's address, for the log. */
  readonly remote: string;
}
