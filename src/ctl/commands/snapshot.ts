import { open, rename, rm } from "node:fs/promises";
import { isAtLeast } from "../../base/index.js";
import { badArgs, bytesOf, ExitCode, Failure, Progress, printLine, reasonOf, textOf } from "../../cli/index.js";
import { ClientError } from "../../client/index.js";
import type { SnapshotResponse } from "../../wire/index.js";
import type { Context } from "../context.js";

const sha256Bytes = 32;

/** Saves a snapshot. The file gets its name only when it is complete. */
export async function save(context: Context): Promise<void> {
  const [path] = context.args;
  const since36 = isAtLeast(context.release, "3.6");
  if (path === undefined || context.args.length !== 1) {
    throw badArgs(`snapshot save expects one argument${since36 ? " <filename>" : ""}`);
  }
  const client = await context.connect();
  const { endpoints } = client;
  if (endpoints.length !== 1) {
    const text = `snapshot must be requested to one selected node, not multiple [${bytesOf(endpoints.join(" "))}]`;
    throw new Failure(ExitCode.Interrupted, text);
  }
  const call = context.flags.changed("command-timeout") ? context.call : {};
  const part = `${textOf(path)}.part`;
  let version = "";
  try {
    version = await download(client.snapshot(call), part);
    await rename(part, textOf(path));
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof ClientError || (error instanceof Error && "syscall" in error)) {
      throw new Failure(ExitCode.Interrupted, bytesOf(error.message), { cause: error });
    }
    throw error;
  }
  printLine(`Snapshot saved at ${path}`);
  if (since36 && version !== "") printLine(`Server version ${bytesOf(version)}`);
}

/** @returns the storage version of the database; empty when the server does not tell it */
async function download(
  pieces: AsyncIterable<Pick<SnapshotResponse, "blob" | "remainingBytes" | "version">>,
  part: string,
): Promise<string> {
  const file = await open(part, "w", 0o600).catch((error: NodeJS.ErrnoException) => {
    const path = bytesOf(part);
    throw new Failure(ExitCode.Interrupted, `could not open ${path} (open ${path}: ${reasonOf(error)})`);
  });
  let size = 0;
  let version = "";
  let progress: Progress | undefined;
  try {
    for await (const { blob, remainingBytes, version: told } of pieces) {
      version = told;
      progress ??= new Progress("saving", blob.byteLength + remainingBytes);
      await file.write(blob);
      size += blob.byteLength;
      progress.advance(blob.byteLength);
    }
    progress?.hide();
    // A member sends the database's pages, whose total is a multiple of 512 bytes, and then a SHA-256 digest.
    if (size % 512 !== sha256Bytes) {
      throw new Failure(ExitCode.Interrupted, `sha256 checksum not found [bytes: ${size}]`);
    }
    await file.sync();
    return version;
  } finally {
    await file.close();
  }
}
