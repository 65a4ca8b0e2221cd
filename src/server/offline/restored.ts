import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "../../backend/index.js";
import { type Logger, readBE64, systemClock, writeBE64 } from "../../base/index.js";
import { encodeV2Store } from "../../cluster/index.js";
import { emptyConfState, type HardState, type Snapshot } from "../../raft/index.js";
import { createDataDir, Wal } from "../../wal/index.js";
import type { InitialMember } from "../config.js";
import { type Founding, foundingOf } from "../start/founding.js";
import { systemNames } from "../start/name-lookup.js";
import { loadDatabase } from "./loading.js";
import { filled, type NewDirs, requireEmpty } from "./new-data-dir.js";

export interface RestoreOptions extends NewDirs {
  /** A file in etcd's format: a snapshot sent by a member, or the database of a stopped etcd. */
  readonly path: string;
  readonly name: string;
  readonly initialCluster: readonly InitialMember[];
  readonly initialClusterToken: string;
  readonly advertisePeerUrls: readonly string[];
  /** Accepts a file whose digest is missing or wrong. */
  readonly skipHashCheck: boolean;
  /** Increases the revision by this number and marks all earlier revisions as compacted; 0 changes nothing. */
  readonly bumpRevision: number;
  readonly logger: Logger;
  /** Called with the number of bytes read. The whole file is read twice, to check it and to load it. */
  readonly onRead?: (bytes: number) => void;
}

const sha256Bytes = 32;
const chunkBytes = 1024 * 1024;
/** The term of a restored log, in which no election was held. */
const firstTerm = 1;

/**
 * Creates the data directory of a member from a snapshot: its keys, leases, users and alarms, in a new cluster of the
 * given members. Each member is restored from the same file and started with the settings it was restored with.
 *
 * @throws Error that names the wrong setting or the fault in the file; the created directories are removed then
 */
export async function restoreMember(options: RestoreOptions): Promise<void> {
  const { name, advertisePeerUrls, initialClusterToken, initialCluster, dataDir, walDir, logger } = options;
  const settings = { name, advertisePeerUrls, initialClusterToken };
  const founding = await foundingOf(settings, initialCluster, { names: systemNames(), clock: systemClock, logger });
  await requireEmpty(options);
  await checkDigest(options);
  const places = { path: options.path, "wal-dir": walDir ?? join(dataDir, "member", "wal"), "data-dir": dataDir };
  const { clusterId } = founding.ids;
  logger.info("restoring snapshot", places);
  await filled(options, () => fill(options, founding));
  for (const { id, peerUrls, isLearner } of founding.members) {
    logger.info("added member", {
      ...{ "cluster-id": clusterId.toString(16), "local-member-id": "0", "added-peer-id": id.toString(16) },
      ...{ "added-peer-peer-urls": peerUrls, "added-peer-is-learner": isLearner },
    });
  }
  logger.info("restored snapshot", places);
}

/** Writes the database, then the log. A log without a database would look like a member that has lost its data. */
async function fill(options: RestoreOptions, { members, ids }: Founding): Promise<void> {
  const { dataDir, logger } = options;
  const { backendDir, walDir } = await createDataDir(dataDir, logger, options.walDir);
  const index = members.length;
  const voters = members.map(({ id }) => id);
  const snapshot: Snapshot = {
    metadata: { index, term: firstTerm, confState: { ...emptyConfState, voters } },
    data: encodeV2Store({ members, removed: [], version: undefined }),
  };
  const { path, onRead } = options;
  const backend = await loadDatabase({ backendDir, ids, path, logger, onRead }, snapshot);
  try {
    if (options.bumpRevision > 0) await bumpRevision(backend, options.bumpRevision, logger);
  } finally {
    await backend.close();
  }
  const { wal } = await Wal.open({ dir: walDir, logger, metadata: ids });
  const hardState: HardState = { term: firstTerm, vote: voters[0] ?? 0n, commit: index };
  await wal.save({ snapshot, hardState });
  await wal.close();
}

/**
 * Leaves a gap in the revisions for clients that have seen later revisions than those of the snapshot. An empty change
 * after the gap, with all before it compacted, makes them read all keys again.
 */
async function bumpRevision(backend: Backend, by: number, logger: Logger): Promise<void> {
  let latest = 0;
  for await (const rows of backend.batches("key")) latest = readBE64(rows.at(-1)?.[0] ?? Buffer.alloc(8), 0);
  const revision = latest + by;
  if (!Number.isSafeInteger(revision)) throw new Error(`revision ${latest} cannot be raised by ${by}: it is too large`);
  const fields = { "latest-revision": latest, "bump-amount": by, "new-latest-revision": revision };
  logger.info("bumping latest revision", fields);
  backend.put("key", storedRevision(revision), new Uint8Array(0));
  logger.info("marking revision compacted", { revision });
  backend.put("meta", Buffer.from("scheduledCompactRev"), storedRevision(revision));
  await backend.commit();
}

/** The database key of a revision: eight bytes, `_`, and eight bytes for the change within the revision. */
function storedRevision(revision: number): Uint8Array {
  const bytes = Buffer.alloc(17);
  writeBE64(bytes, 0, revision);
  bytes.write("_", 8, "latin1");
  return bytes;
}

/** Checks the digest behind the file's pages. @throws Error when it is missing or wrong */
async function checkDigest({ path, skipHashCheck, onRead }: RestoreOptions): Promise<void> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (skipHashCheck) {
      onRead?.(size);
      return;
    }
    // A database consists of pages whose size is a multiple of 512 bytes, so any remainder is the digest.
    if (size % 512 !== sha256Bytes) throw new Error("snapshot missing hash but --skip-hash-check=false");
    const { found, wanted } = await digests(file, size - sha256Bytes, onRead);
    if (!found.equals(wanted)) throw new Error(`expected sha256 [${wanted.join(" ")}], got [${found.join(" ")}]`);
  } finally {
    await file.close();
  }
}

async function digests(file: FileHandle, pageBytes: number, onRead?: (bytes: number) => void) {
  const hash = createHash("sha256");
  for await (const chunk of file.createReadStream({
    start: 0,
    end: Math.max(0, pageBytes - 1),
    highWaterMark: chunkBytes,
    autoClose: false,
  })) {
    hash.update(chunk);
    onRead?.(chunk.length);
  }
  const wanted = Buffer.alloc(sha256Bytes);
  await file.read(wanted, 0, sha256Bytes, pageBytes);
  return { found: hash.digest(), wanted };
}
