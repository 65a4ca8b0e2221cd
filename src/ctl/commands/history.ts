import { type Bytes, badArgs, bytesOf, bytesOfArray, paint, printLine } from "../../cli/index.js";
import { type Client, ClientError, type KeyValue, WatchCanceledError } from "../../client/index.js";
import { EventType } from "../../wire/index.js";
import type { Context } from "../context.js";
import { failureOf, orFail } from "../failure-of.js";

/** One change of a key. A deletion has no key-value pair. */
interface Change {
  readonly revision: number;
  readonly kv: KeyValue | undefined;
}

/** Prints all revisions of a key since the last compaction, deletions included. */
export async function history(context: Context): Promise<void> {
  const [key] = context.args;
  if (key === undefined || context.args.length !== 1) throw badArgs("get --history needs one key");
  const client = await context.connect();
  const { header } = await orFail(client.range({ key, keysOnly: true }, context.call));
  const changes = await changesOf(client, key, header?.revision ?? 0).catch((error: unknown) => {
    throw failureOf(error);
  });
  if (context.format === "json") {
    printLine(bytesOf(JSON.stringify(changes.map(jsonOf))));
    return;
  }
  for (const change of changes) printLine(lineOf(change));
}

/** Collects the changes by watching from the oldest kept revision to the current one. */
async function changesOf(client: Client, key: Bytes, until: number): Promise<readonly Change[]> {
  const first = await oldest(client, key);
  const changes: Change[] = first.kv === undefined ? [] : [first.kv].map((kv) => ({ revision: kv.modRevision, kv }));
  const watch = await client.watch({ key, startRevision: first.revision + 1 });
  // Changes of other keys send no event, so progress notifications show when the current revision is reached.
  const asking = setInterval(() => client.requestProgress(), 20);
  try {
    for await (const { header, events } of watch) {
      for (const { type, kv } of events) {
        if (kv !== undefined && kv.modRevision <= until) {
          changes.push({ revision: kv.modRevision, kv: type === EventType.DELETE ? undefined : kv });
        }
      }
      if ((header?.revision ?? 0) >= until) break;
    }
  } finally {
    clearInterval(asking);
    watch.cancel();
  }
  return changes;
}

/** The key at the oldest kept revision. */
async function oldest(client: Client, key: Bytes): Promise<{ revision: number; kv: KeyValue | undefined }> {
  let revision = 1;
  try {
    const watch = await client.watch({ key, startRevision: 1 });
    const asking = setInterval(() => client.requestProgress(), 20);
    try {
      for await (const _ of watch) return { revision: 0, kv: undefined };
    } finally {
      clearInterval(asking);
      watch.cancel();
    }
  } catch (error) {
    if (!(error instanceof WatchCanceledError)) throw error;
    revision = error.compactRevision;
  }
  try {
    const { kvs } = await client.range({ key, revision });
    return { revision, kv: kvs[0] };
  } catch (error) {
    if (error instanceof ClientError && error.details.includes("future revision")) return { revision, kv: undefined };
    throw error;
  }
}

function lineOf({ revision, kv }: Change): Bytes {
  const at = bytesOf(paint("yellow", String(revision).padStart(8)));
  if (kv === undefined) return `${at}  ${bytesOf(paint("red", "deleted"))}`;
  const lease = kv.lease === 0n ? "" : bytesOf(paint("dim", `  lease ${kv.lease.toString(16)}`));
  return `${at}  ${bytesOfArray(kv.value)}${lease}`;
}

function jsonOf({ revision, kv }: Change): unknown {
  if (kv === undefined) return { revision, deleted: true };
  const value = Buffer.from(kv.value).toString("base64");
  return { revision, version: kv.version, create_revision: kv.createRevision, value, lease: kv.lease.toString(16) };
}
