import { EtcdError, type Key, keyFromBytes, prefixEnd } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { byCreation, EventType, type electionpb, type KeyValue, queuePrefix } from "../../wire/index.js";
import type { ServerStream } from "../grpc/stream.js";
import type { LeaderGuard } from "./leader-guard.js";
import { type LocalClient, unknown } from "./local-client.js";

type ObserveStream = ServerStream<electionpb.LeaderRequest, electionpb.LeaderResponse>;

/**
 * Streams the proclamations of an election's leaders, beginning with the current one. Proclamations may be skipped, but
 * the latest is always sent. When etcd would end the stream silently, for example without permission, this sends the
 * error.
 */
export async function observe(client: LocalClient, guard: LeaderGuard, stream: ObserveStream): Promise<void> {
  const { value: request } = await stream.read()[Symbol.asyncIterator]().next();
  if (request === undefined) throw unknown("grpc: request without a message");
  const over = new AbortController();
  const call = endingWith(stream.call, over.signal);
  try {
    await guard.led(stream.call, tell(client, queuePrefix(keyFromBytes(request.name)), call, stream));
  } finally {
    over.abort(new EtcdError("canceled"));
  }
}

async function tell(client: LocalClient, prefix: Key, call: Call, stream: ObserveStream): Promise<void> {
  const say = async ({ kv, revision }: Said): Promise<void> => {
    if (!stream.write({ header: client.header(revision), kv })) await stream.drained();
  };
  try {
    for (;;) {
      const present = await client.range(byCreation(prefix, "first"), call);
      const first =
        present.kv === undefined
          ? await firstPut(client, prefix, present.revision, call)
          : { kv: present.kv, revision: present.revision };
      if (first === undefined) continue;
      await say(first);
      const keys = { key: first.kv.key, end: "", fromRevision: first.revision + 1 };
      for await (const said of putsUntilDeleted(client, keys, call)) await say(said);
    }
  } catch (error) {
    if (call.cancelled) return;
    throw error instanceof EtcdError ? unknown(error.message) : error;
  }
}

interface Said {
  readonly kv: KeyValue;
  readonly revision: number;
}

/** The first put at or after a revision; undefined when the history was compacted. */
async function firstPut(client: LocalClient, prefix: Key, revision: number, call: Call): Promise<Said | undefined> {
  const keys = { key: prefix, end: prefixEnd(prefix), fromRevision: revision + 1, without: "deletes" } as const;
  const events = await client.watch(keys, call);
  try {
    const kv = (await events.next())?.events[0]?.kv;
    return kv && { kv, revision: kv.modRevision };
  } finally {
    events.close();
  }
}

async function* putsUntilDeleted(
  client: LocalClient,
  keys: { readonly key: Key; readonly end: Key; readonly fromRevision: number },
  call: Call,
): AsyncGenerator<Said, void> {
  const watched = await client.watch(keys, call);
  try {
    for (;;) {
      const batch = await watched.next();
      if (batch === undefined) return;
      for (const { type, kv } of batch.events) {
        if (type === EventType.DELETE) return;
        if (kv !== undefined) yield { kv, revision: batch.revision };
      }
    }
  } finally {
    watched.close();
  }
}

/** The same call, which also ends when `signal` is aborted. */
function endingWith(call: Call, signal: AbortSignal): Call {
  const either = AbortSignal.any([call.signal, signal]);
  return {
    get cancelled() {
      return either.aborted;
    },
    signal: either,
    metadata: (name) => call.metadata(name),
    client: call.client,
    ...(call.commonName !== undefined && { commonName: call.commonName }),
  };
}
