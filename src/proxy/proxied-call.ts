import type { Call } from "../server/index.js";

/** The parts of a client's call that go on to a member. */
export interface ProxiedCall {
  /** Aborted when the client has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** The entries of metadata that members look at. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The metadata that members know: who asks, whether a leader is required, and the version of the client's API. */
const passedOn = ["token", "authorization", "hasleader", "client-api-version"] as const;

/** Takes over what members need of a client's call. */
export function proxied(call: Call): ProxiedCall {
  return {
    get signal() {
      return call.signal;
    },
    metadata: metadataOf(call),
  };
}

/** The entries of a call's metadata that members look at. */
export function metadataOf(call: Pick<Call, "metadata">): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  for (const name of passedOn) {
    const value = call.metadata(name);
    if (value !== undefined) metadata[name] = value;
  }
  return metadata;
}
