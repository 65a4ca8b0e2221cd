/**
 * The buckets of etcd 3.5's backend and where they lie in one ordered key space: each stored key is one byte that
 * names the bucket (etcd's own bucket ids), then the key. Keys and values inside a bucket are etcd's, byte for byte.
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

/** The first byte of a bucket's stored keys. */
export function prefixOf(bucket: Bucket): number {
  return prefixes[bucket];
}

/** A stored key as latin1 text: comparing two such strings compares their bytes. */
export type StoredKey = string;

/** Longer keys are put together in a buffer of their own. */
const scratch = Buffer.alloc(1024);

/** The text of `storedKey`, without the bytes in between. */
export function storedKeyText(bucket: Bucket, key: Uint8Array): StoredKey {
  if (key.byteLength >= scratch.byteLength) return textOf(storedKey(bucket, key));
  scratch[0] = prefixes[bucket];
  scratch.set(key, 1);
  return scratch.toString("latin1", 0, key.byteLength + 1);
}

export function textOf(stored: Uint8Array): StoredKey {
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString("latin1");
}

export function bytesOf(text: StoredKey): Buffer {
  return Buffer.from(text, "latin1");
}

/** The bytes under which `key` of `bucket` is stored. */
export function storedKey(bucket: Bucket, key: Uint8Array): Buffer {
  const stored = Buffer.allocUnsafe(1 + key.byteLength);
  stored[0] = prefixes[bucket];
  stored.set(key, 1);
  return stored;
}

/** The first stored key of a bucket. */
export function bucketStart(bucket: Bucket): Buffer {
  return Buffer.of(prefixes[bucket]);
}

/** The first stored key after those of a bucket. */
export function bucketEnd(bucket: Bucket): Buffer {
  return Buffer.of(prefixes[bucket] + 1);
}

/** The key inside its bucket; a view of the same memory. */
export function keyInBucket(stored: Uint8Array): Uint8Array {
  return stored.subarray(1);
}

/** The stored key of one of the backend's own records. */
export function ownKey(name: string): Buffer {
  return storedKey("own", Buffer.from(name, "latin1"));
}
