import { open } from "node:fs/promises";
import { crc32c, readBE64 } from "../../base/index.js";
import { BoltError, openBolt } from "../../bolt/index.js";
import {
  type Bytes,
  badArgs,
  bytesOf,
  bytesOfArray,
  complain,
  ExitCode,
  Failure,
  reasonOf,
  textOf,
} from "../../cli/index.js";
import type { Context } from "../context.js";
import type { SnapshotStatus } from "../print/answer.js";

const sha256Bytes = 32;

/** Prints hash, revision, keys and size of a snapshot file. Reads the whole file and refuses a damaged one. */
export async function status(context: Context): Promise<void> {
  complain("Deprecated: Use `etcdutl snapshot status` instead.\n");
  const [path] = context.args;
  if (path === undefined || context.args.length !== 1) throw badArgs("snapshot status requires exactly one argument");
  context.checkFormat();
  await context.answer({ kind: "snapshotStatus", status: await statusOf(path) });
}

async function statusOf(path: Bytes): Promise<SnapshotStatus> {
  const file = await open(textOf(path), "r").catch((error: unknown) => {
    throw new Failure(ExitCode.Error, `stat ${path}: ${reasonOf(error)}`);
  });
  try {
    const { size } = await file.stat();
    let [hash, revision, totalKey] = [0, 0, 0];
    for await (const [name, bucket] of (await openBolt(file)).buckets()) {
      hash = crc32c(name, hash);
      const isKeys = bytesOfArray(name) === "key";
      for await (const pairs of bucket.pairs()) {
        for (const [key, value] of pairs) {
          hash = crc32c(value, crc32c(key, hash));
          if (isKeys) revision = readBE64(key, 0);
          totalKey++;
        }
      }
    }
    // A snapshot sent by a member ends with a SHA-256 digest after the database's pages.
    return { hash, revision, totalKey, totalSize: size % 512 === sha256Bytes ? size - sha256Bytes : size };
  } catch (error) {
    if (error instanceof BoltError) {
      throw new Failure(ExitCode.Error, `snapshot file integrity check failed. ${bytesOf(error.message)}`);
    }
    throw error;
  } finally {
    await file.close();
  }
}
