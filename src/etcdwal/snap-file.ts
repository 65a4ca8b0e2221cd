import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "../base/index.js";
import { raftpb, snappb, WireError } from "../wire/index.js";

/** The place of a raft snapshot, which its file's name tells. */
export interface SnapFile {
  readonly path: string;
  readonly term: number;
  readonly index: number;
}

const name = /^([0-9a-f]{16})-([0-9a-f]{16})\.snap$/;

/** The snapshot files in `dir`, the newest first, as etcd orders them. */
export async function snapFiles(dir: string): Promise<readonly SnapFile[]> {
  const names = (await readdir(dir)).sort().reverse();
  return names.flatMap((found): SnapFile[] => {
    const [, term, index] = name.exec(found) ?? [];
    if (term === undefined || index === undefined) return [];
    return [{ path: join(dir, found), term: Number.parseInt(term, 16), index: Number.parseInt(index, 16) }];
  });
}

/** Reads a snapshot; undefined when the file is damaged. etcd then takes the one before. */
export async function readSnapFile({ path }: SnapFile): Promise<raftpb.Snapshot | undefined> {
  try {
    const { crc, data } = snappb.Snapshot.decode(await readFile(path));
    return data.length === 0 || crc32c(data) !== crc ? undefined : raftpb.Snapshot.decode(data);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Writes a snapshot into `dir` and syncs it. */
export async function writeSnapFile(dir: string, snapshot: raftpb.Snapshot): Promise<void> {
  const { index = 0, term = 0 } = snapshot.metadata ?? {};
  const hex = (value: number): string => value.toString(16).padStart(16, "0");
  const data = raftpb.Snapshot.encode(snapshot);
  const file = await open(join(dir, `${hex(term)}-${hex(index)}.snap`), "wx", 0o600);
  try {
    await file.writeFile(snappb.Snapshot.encode({ crc: crc32c(data), data }));
    await file.sync();
  } finally {
    await file.close();
  }
}
