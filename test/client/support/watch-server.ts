import type { Key } from "../../../src/base/index.js";
import type { Event, KeyValue } from "../../../src/client/index.js";
import { EventType, KeyValue as KeyValueCodec, WatchResponse } from "../../../src/wire/index.js";
import type { FakeTransport } from "./fake-transport.js";

type Stream = FakeTransport["stream"];

/** The client's requests on a watch stream: `create <start revision>`, `cancel <id>` or `progress`. */
export function askedOf(stream: Stream): string[] {
  return (stream.sent as { requestUnion: { case: string; value: { startRevision?: number; watchId?: bigint } } }[]).map(
    ({ requestUnion: { case: kind, value } }) => {
      if (kind === "createRequest") return `create ${value.startRevision}`;
      return kind === "cancelRequest" ? `cancel ${value.watchId}` : "progress";
    },
  );
}

function header(revision: number) {
  return { clusterId: 1n, memberId: 1n, revision, raftTerm: 1 };
}

/** Confirms a watch. */
export function created(watchId: number, revision: number): WatchResponse {
  return WatchResponse.create({ header: header(revision), watchId: BigInt(watchId), created: true });
}

/** Refuses a watch. */
export function refused(cancelReason: string): WatchResponse {
  const flags = { created: true, canceled: true };
  return WatchResponse.create({ header: header(1), watchId: -1n, ...flags, cancelReason });
}

/** Answers that a watch is over. */
export function ended(watchId: number, fields: Partial<WatchResponse> = {}): WatchResponse {
  return WatchResponse.create({ header: header(1), watchId: BigInt(watchId), canceled: true, ...fields });
}

export function progress(watchId: number, revision: number): WatchResponse {
  return WatchResponse.create({ header: header(revision), watchId: BigInt(watchId) });
}

/** Events of one key, one for each revision. */
export function changes(watchId: number, revisions: readonly number[], key: Key = "k"): WatchResponse {
  const events: Event[] = revisions.map((revision) => ({ type: EventType.PUT, kv: pair(key, revision) }) as Event);
  return WatchResponse.create({ header: header(revisions.at(-1) ?? 0), watchId: BigInt(watchId), events });
}

export function pair(key: Key, revision: number, value = String(revision)): KeyValue {
  return KeyValueCodec.create({ key, value: Buffer.from(value), createRevision: revision, modRevision: revision });
}

/** The revisions of the next `count` events of a watch. */
export async function revisionsOf(
  watch: AsyncIterable<{ readonly events: readonly { readonly kv?: { readonly modRevision: number } | undefined }[] }>,
  count: number,
): Promise<number[]> {
  const revisions: number[] = [];
  if (count === 0) return revisions;
  for await (const { events } of watch) {
    revisions.push(...events.map(({ kv }) => kv?.modRevision ?? 0));
    if (revisions.length >= count) break;
  }
  return revisions;
}
