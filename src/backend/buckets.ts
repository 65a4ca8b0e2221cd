/**
 * The buckets of etcd 3.5's backend and where they lie in one ordered key space: a stored key begins with the number of
 * the bucket (etcd's own bucket ids), then comes the key. Keys and values inside a bucket are etcd's, byte for byte.
 *
 * All rows but the revisions lie before the revisions: their stored keys have a zero in front. New revisions come
 * behind everything then, and a table of them overlaps with no table that was made before (recorded-store.ts).
 *
 * | bucket            | key                              | value                                |
 * | ----------------- | -------------------------------- | ------------------------------------ |
 * | `key`             | revision: BE64 `_` BE64 [`t`]    | `mvccpb.KeyValue`                    |
 * | `meta`            | a name, such as consistent_index | depends on the name                  |
 * | `lease`           | lease id, BE64                   | `leasepb.Lease`                      |
 * | `alarm`           | `etcdserverpb.AlarmMember`       | empty                                |
 * | `cluster`         | a name, such as clusterVersion   | depends on the name                  |
 * | `members`         | member id, 16 hex digits         | JSON                                 |
 * | `members_removed` | member id, 16 hex digits         | `removed`                            |
 * | `auth`            | a name, such as authEnabled      | depends on the name                  |
 * | `authUsers`       | user name                        | `authpb.User`                        |
 * | `authRoles`       | role name                        | `authpb.Role`                        |
 *
 * The bucket `own` is not one of etcd's: it holds records about this one copy of the data. No hash, snapshot or size
 * includes it.
 */
const prefixes = {
  own: 0,
  key: 1,
  meta: 2,
  lease: 3,
  alarm: 4,
  cluster: 5,
  members: 10,
  members_removed: 11,
  auth: 20,
  authUsers: 21,
  authRoles: 22,
} as const;

export type Bucket = keyof typeof prefixes;

/** Every bucket of etcd, in the order of their names' bytes, in which etcd walks and hashes them. */
export const allBuckets: readonly Bucket[] = [
  "alarm",
  "auth",
  "authRoles",
  "authUsers",
  "cluster",
  "key",
  "lease",
  "members",
  "members_removed",
  "meta",
];

/** The bytes with which the stored keys of a bucket begin. */
const beginnings = Object.fromEntries(
  Object.entries(prefixes).map(([bucket, prefix]) => [
    bucket,
    bucket === "key" || bucket === "own" ? Buffer.of(prefix) : Buffer.of(prefixes.own, prefix),
  ]),
) as Readonly<Record<Bucket, Buffer>>;

/** Names in the bucket `own` begin with a larger byte than the numbers of buckets. */
const ownNamesStart = 0x20;

/** The number of a bucket, which is below 32. */
export function prefixOf(bucket: Bucket): number {
  return prefixes[bucket];
}

/** A stored key as latin1 text: comparing two such strings compares their bytes. */
export type StoredKey = string;

/** Longer keys are put together in a buffer of their own. */
const scratch = Buffer.alloc(1024);

/** The text of `storedKey`, without the bytes in between. */
export function storedKeyText(bucket: Bucket, key: Uint8Array): StoredKey {
  const beginning = beginnings[bucket];
  const length = beginning.byteLength + key.byteLength;
  if (length > scratch.byteLength) return textOf(storedKey(bucket, key));
  scratch.set(beginning);
  scratch.set(key, beginning.byteLength);
  return scratch.toString("latin1", 0, length);
}

export function textOf(stored: Uint8Array): StoredKey {
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString("latin1");
}

export function bytesOf(text: StoredKey): Buffer {
  return Buffer.from(text, "latin1");
}

/** The bytes under which `key` of `bucket` is stored. */
export function storedKey(bucket: Bucket, key: Uint8Array): Buffer {
  const beginning = beginnings[bucket];
  const stored = Buffer.allocUnsafe(beginning.byteLength + key.byteLength);
  stored.set(beginning);
  stored.set(key, beginning.byteLength);
  return stored;
}

/** The first stored key of a bucket. */
export function bucketStart(bucket: Bucket): Buffer {
  return bucket === "own" ? Buffer.of(prefixes.own, ownNamesStart) : Buffer.from(beginnings[bucket]);
}

/** The first stored key after those of a bucket. */
export function bucketEnd(bucket: Bucket): Buffer {
  const end = Buffer.from(beginnings[bucket]);
  end[end.length - 1] = prefixes[bucket] + 1;
  return end;
}

/** The key inside its bucket; a view of the same memory. */
export function keyInBucket(stored: Uint8Array): Uint8Array {
  return stored.subarray(stored[0] === prefixes.own && (stored[1] ?? ownNamesStart) < ownNamesStart ? 2 : 1);
}

/** The stored key of one of the backend's own records. */
export function ownKey(name: string): Buffer {
  return storedKey("own", Buffer.from(name, "latin1"));
}
