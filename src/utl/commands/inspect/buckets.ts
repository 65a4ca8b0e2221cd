import { readBE64 } from "../../../base/index.js";
import { ExitCode, Failure } from "../../../cli/index.js";
import { type InspectedMember, type Plain, plainBytes } from "../../../server/index.js";
import { type Lines, textOfPlain } from "./lines.js";

/** Buckets whose values are no secrets and no values of users: they are JSON, numbers or texts. */
const open = new Set(["meta", "cluster", "members", "members_removed"]);

/** Prints the rows of a bucket. */
export async function showBucket(
  { database }: InspectedMember,
  bucket: string,
  values: boolean,
  lines: Lines,
): Promise<void> {
  if (!database.buckets.includes(bucket)) {
    const known = database.buckets.join(", ");
    throw new Failure(ExitCode.Error, `there is no bucket ${JSON.stringify(bucket)}; there are ${known}`);
  }
  // Users have hashes of their passwords among their data, which nothing shows.
  const shows = open.has(bucket) || (values && bucket !== "authUsers");
  for await (const rows of database.batches(bucket)) {
    for (const [key, value] of rows) {
      const [name, shown] = [keyOf(bucket, key), shows ? shownValue(bucket, value) : undefined];
      const text = `${textOfPlain(name)}: ${shown === undefined ? `${value.length} bytes` : textOfPlain(shown)}`;
      await lines({ type: "row", text, fields: { bucket, key: name, valueBytes: value.length, value: shown } });
    }
  }
}

/** Keys of changes are revisions, with a mark behind those of deletions; keys of leases are ids. */
function keyOf(bucket: string, key: Uint8Array): Plain {
  if (bucket === "key" && key.length >= 17) return revisionOf(key) + (key.length > 17 ? " deleted" : "");
  if (bucket === "lease" && key.length === 8) return Buffer.from(key).readBigUInt64BE().toString(16);
  return plainBytes(key);
}

/** Values of the bucket `meta` are numbers, revisions or text. */
function shownValue(bucket: string, value: Uint8Array): Plain {
  if (bucket === "meta" && value.length === 8) return readBE64(value, 0);
  if (bucket === "meta" && value.length === 17) return revisionOf(value);
  return plainBytes(value);
}

function revisionOf(stored: Uint8Array): string {
  return `${readBE64(stored, 0)}.${readBE64(stored, 9)}`;
}
