import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { WalDamage } from "./wal-damage.js";

/** A file of the log. Its name says its number, and the index of the first entry that it may hold. */
export interface Segment {
  readonly path: string;
  readonly sequence: number;
  readonly firstIndex: number;
}

const name = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/;

/** The name of a segment. */
export function segmentName(sequence: number, firstIndex: number): string {
  return `${sequence.toString(16).padStart(16, "0")}-${firstIndex.toString(16).padStart(16, "0")}.wal`;
}

/**
 * The segments of the log in `dir`, the oldest first. Other files are left alone, such as those that etcd prepares.
 *
 * @param onDamage called when one is missing in between
 * @throws WalDamage when there is none; when one is missing in between, unless `onDamage` is given
 */
export async function listSegments(dir: string, onDamage?: (damage: WalDamage) => void): Promise<readonly Segment[]> {
  const names = (await readdir(dir)).sort();
  const segments = names.flatMap((found): Segment[] => {
    const [, sequence, firstIndex] = name.exec(found) ?? [];
    if (sequence === undefined || firstIndex === undefined) return [];
    return [
      {
        path: join(dir, found),
        sequence: Number.parseInt(sequence, 16),
        firstIndex: Number.parseInt(firstIndex, 16),
      },
    ];
  });
  if (segments.length === 0) throw new WalDamage(`${dir} holds no raft log of etcd: there is no .wal file`);
  for (const [at, { path, sequence }] of segments.entries()) {
    const before = segments[at - 1];
    if (before !== undefined && sequence !== before.sequence + 1) {
      const where = `a file is missing between ${before.path} and ${path}`;
      const damage = new WalDamage(`the raft log in ${dir} is damaged: ${where}`);
      if (onDamage === undefined) throw damage;
      onDamage(damage);
    }
  }
  return segments;
}

/** The segments that hold the entries behind `index`: from the last one that begins at `index` or before it. */
export function segmentsFrom(segments: readonly Segment[], index: number): readonly Segment[] {
  const at = segments.findLastIndex(({ firstIndex }) => firstIndex <= index);
  return at < 0 ? segments : segments.slice(at);
}
