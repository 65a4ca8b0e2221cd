import type { Decoded, KeyValue, RangeRequest, ResponseHeader } from "../../wire/index.js";
import { RangeResponse } from "../../wire/index.js";

/** A key that this proxy holds: nobody else changes it without asking for it, so its state here is the newest. */
export class LeasedKey {
  /** The revision at which the proxy took the key. */
  readonly revision: number;
  #header: ResponseHeader | undefined;
  #kv: Decoded<KeyValue> | undefined;
  /** The end of a write by this proxy, for which reads wait; undefined without one. */
  writing: Promise<void> | undefined;

  constructor(revision: number, header: ResponseHeader | undefined, kv: Decoded<KeyValue> | undefined) {
    this.revision = revision;
    this.#header = header;
    this.#kv = kv;
  }

  /** The answer to a read of this key. */
  answer(request: RangeRequest): Uint8Array {
    const kv = this.#kv;
    const shown = kv !== undefined && !request.countOnly && isWithin(kv, request);
    const kvs = shown ? [request.keysOnly ? { ...kv, value: new Uint8Array(0) } : kv] : [];
    return RangeResponse.encode(RangeResponse.create({ header: this.#header, kvs, count: kv === undefined ? 0 : 1 }));
  }

  /** The key was set at the revision in the header. */
  set(value: Uint8Array, key: string, header: ResponseHeader | undefined): void {
    const revision = header?.revision ?? 0;
    const { createRevision = revision, version = 0 } = this.#kv ?? {};
    this.#header = header;
    // Bytes from the network may be a small part of a larger buffer.
    this.#kv = {
      key,
      value: Uint8Array.from(value),
      createRevision,
      modRevision: revision,
      version: version + 1,
      lease: 0n,
    };
  }

  /** The key was deleted. */
  delete(header: ResponseHeader | undefined): void {
    this.#header = header;
    this.#kv = undefined;
  }
}

function isWithin({ modRevision, createRevision }: Decoded<KeyValue>, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return (
    (minModRevision <= 0 || modRevision >= minModRevision) &&
    (maxModRevision <= 0 || modRevision <= maxModRevision) &&
    (minCreateRevision <= 0 || createRevision >= minCreateRevision) &&
    (maxCreateRevision <= 0 || createRevision <= maxCreateRevision)
  );
}
