import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/base/index.js";
import { BoltError, openBolt } from "../../src/bolt/index.js";
import { decodeMeta, encodeMeta } from "../../src/bolt/meta.js";
import { bboltFile, boltFile, numbered } from "./files.js";

// Tests that a file with random damage is read or refused with a BoltError in little time, and that no bucket gives
// more pairs than fit into the file. Damage is made where it does most: in headers, tables, meta pages and whole pages.

const runs = Number(process.env.ETCD_TS_FUZZ_RUNS ?? 700);
const slowCpuMs = 2_000;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bolt-fuzz-"));
});

afterAll(() => rm(folder, { recursive: true }));

for (const { name, file: make, pageBytes } of [
  { name: "of bbolt", file: bboltFile, pageBytes: 1024 },
  {
    name: "of ours",
    file: () => boltFile({ a: numbered(600, (at) => "v".repeat(at % 700)), b: [], c: numbered(9, String) }),
    pageBytes: 4096,
  },
]) {
  test(`${runs} damaged files ${name}`, { timeout: 60_000 + runs * 20 }, async () => {
    const original = await make();
    const path = join(folder, "db");
    const seen = { read: 0, refused: 0 };
    for (let seed = 1; seed <= runs; seed++) {
      const file = damaged(original, pageBytes, seededRandom(seed));
      await writeFile(path, file);
      const before = process.cpuUsage();
      const outcome = await readAll(path, file.length).catch((error: unknown) => error);
      if (outcome !== "read" && !(outcome instanceof BoltError)) throw new Error(`seed ${seed}`, { cause: outcome });
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000, `CPU milliseconds of seed ${seed}`).toBeLessThan(slowCpuMs);
      seen[outcome === "read" ? "read" : "refused"]++;
    }
    // Some damaged files must be readable, and some must be refused.
    expect(seen.read).toBeGreaterThan(runs / 20);
    expect(seen.refused).toBeGreaterThan(runs / 5);
  });
}

async function readAll(path: string, size: number): Promise<"read"> {
  const file = await open(path);
  try {
    for await (const [, bucket] of (await openBolt(file)).buckets()) {
      let bytes = 0;
      for await (const pairs of bucket.pairs()) {
        for (const [key, value] of pairs) bytes += 16 + key.length + value.length;
      }
      expect(bytes).toBeLessThanOrEqual(size);
    }
    return "read";
  } finally {
    await file.close();
  }
}

const numbers = [0, 1, 2, 3, 5, 16, 17, 32, 255, 4095, 4096, 0xffff, 0x10000, 0x7fffffff, 0xffffffff];

function damaged(original: Buffer, pageBytes: number, random: Random): Buffer {
  const file = Buffer.from(original);
  let cutAt = file.length;
  const pages = Math.floor(file.length / pageBytes);
  const any = (below: number): number => random.int(below);
  const page = (): number => any(pages) * pageBytes;
  for (let times = 1 + any(3); times > 0; times--) {
    switch (any(8)) {
      case 0: {
        const at = any(file.length);
        file[at] = (file[at] ?? 0) ^ (1 << any(8));
        break;
      }
      case 1:
        file.writeUInt16LE(any(2) === 0 ? any(pages) : any(0x10000), page() + 2 * any(8));
        break;
      case 2:
        file.writeUInt32LE(numbers[any(numbers.length)] ?? 0, page() + 4 * any(4));
        break;
      case 3:
        file.writeUInt32LE(numbers[any(numbers.length)] ?? 0, page() + 16 + 4 * any(64));
        break;
      case 4:
        // Replaces the page number of a child.
        file.writeUInt32LE(any(pages), page() + 16 + 8 * any(32));
        break;
      case 5: {
        const [from, to] = [page(), page()];
        file.copy(file, to, from, from + pageBytes);
        if (any(2) === 0) file.writeUInt32LE(to / pageBytes, to);
        break;
      }
      case 6:
        changeMeta(file, pageBytes, any, pages);
        break;
      default:
        if (any(4) === 0) cutAt = any(file.length);
    }
  }
  return file.subarray(0, cutAt);
}

/** Changes the root, the freelist or the size, with a correct checksum. */
function changeMeta(file: Buffer, pageBytes: number, any: (below: number) => number, pages: number): void {
  try {
    const meta = decodeMeta(file, 0);
    if (meta.pageBytes !== pageBytes) return;
    const field = (["rootPage", "freelistPage", "pageCount"] as const)[any(3)] ?? "rootPage";
    const transaction = 2 * any(1000);
    encodeMeta({ ...meta, [field]: any(pages + 2), transaction }).copy(file);
  } catch (error) {
    // The meta page is already damaged.
    if (!(error instanceof BoltError)) throw error;
  }
}
