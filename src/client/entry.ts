import type { Key } from "../base/index.js";
import { EventType, type KeyValue } from "../wire/index.js";
import { textCodec, type ValueCodec } from "./codecs.js";

/** A key with its value. */
export interface Entry<T> {
  readonly key: string;
  readonly value: T;
  /** Revision that created the key; a deleted key that is put again is created anew. */
  readonly createRevision: number;
  /** Revision of the last put. */
  readonly modRevision: number;
  /** Number of puts since the key was created. */
  readonly version: number;
  /** Lease that the key is attached to; 0 for none. */
  readonly lease: bigint;
}

/** A change of one key. */
export type Change<T> =
  | { readonly type: "put"; readonly key: string; readonly revision: number; readonly entry: Entry<T> }
  | { readonly type: "delete"; readonly key: string; readonly revision: number };

export function entryOf<T>(kv: KeyValue, codec: ValueCodec<T>): Entry<T> {
  const { createRevision, modRevision, version, lease } = kv;
  return { key: textOfKey(kv.key), value: codec.decode(kv.value), createRevision, modRevision, version, lease };
}

export function changeOf<T>(type: number, kv: KeyValue, codec: ValueCodec<T>): Change<T> {
  const change = { key: textOfKey(kv.key), revision: kv.modRevision };
  return type === EventType.DELETE
    ? { ...change, type: "delete" }
    : { ...change, type: "put", entry: entryOf(kv, codec) };
}

/** A key as text; bytes that are not UTF-8 are read as replacement characters. */
function textOfKey(key: Key): string {
  const ascii = /^[\0-\x7f]*$/.test(key);
  return ascii ? key : textCodec.decode(Uint8Array.from(key, (character) => character.charCodeAt(0)));
}
