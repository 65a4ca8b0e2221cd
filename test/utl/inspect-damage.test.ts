import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keyFromText } from "../../src/client/index.js";
import { startEtcd } from "../../src/embed/index.js";
import { etcdutlHere } from "../support/etcdutl-here.js";
import { checksums } from "./stopped-member.js";

// Tests that `etcdutl inspect` says where the data of a member is damaged, and shows what it can read around that.

const folder = mkdtempSync(join(tmpdir(), "etcd-inspect-damage-"));
const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
/** The exported database has several pages of keys, of 64 KiB each. */
const puts = 3_000;

beforeAll(async () => {
  const etcd = await startEtcd({ dataDir: ours, listen: false });
  const client = etcd.client();
  for (let from = 0; from < puts; from += 100) {
    const keys = Array.from({ length: 100 }, (_, at) => keyFromText(`k${from + at}`));
    await Promise.all(keys.map((key) => client.put({ key, value: Buffer.alloc(100, "v") })));
  }
  await etcd.stop();
  await etcdutlHere("import", "--to-etcd", "--from", ours, "--data-dir", theirs);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let copies = 0;
/** A copy of a directory, one of whose files is changed. */
function spoiled(original: string, file: (dir: string) => string, change: (bytes: Buffer) => void): string {
  const dir = join(folder, `copy-${copies++}`);
  cpSync(original, dir, { recursive: true });
  const path = file(dir);
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
  return dir;
}

/** The longest file in a folder whose name matches. */
function longest(dir: string, name: RegExp): string {
  const found = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((path) => name.test(path));
  const sizes = found.map((path) => [join(dir, path), statSync(join(dir, path)).size] as const);
  return sizes.toSorted(([, one], [, other]) => other - one)[0]?.[0] ?? "";
}

type Line = Readonly<Record<string, unknown>>;

/** The lines that inspect prints about a damaged directory, which it must not change. */
async function looked(dir: string, ...flags: readonly string[]) {
  const before = checksums(dir);
  const { stdout, stderr, code } = await etcdutlHere("inspect", dir, "-w", "json", ...flags);
  expect(checksums(dir)).toEqual(before);
  const lines = stdout.split("\n").flatMap((line): Line[] => (line === "" ? [] : [JSON.parse(line)]));
  const damage = lines.filter(({ type }) => type === "damage").map((line) => String(line.damage));
  return { lines, damage, stderr, code };
}

const flip = (at: number) => (bytes: Buffer) => void bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);

describe("the database of etcd", () => {
  const db = (dir: string): string => join(dir, "member", "snap", "db");
  const pageBytes = 4096;
  /** Spoils the header of a page in the middle of the keys. */
  const spoilPage = (bytes: Buffer): void => {
    const leaves = Array.from({ length: bytes.length / pageBytes }, (_, id) => id).filter((id) => {
      const [own, kind, count] = [
        bytes.readUInt32LE(id * pageBytes),
        bytes.readUInt16LE(id * pageBytes + 8),
        bytes.readUInt16LE(id * pageBytes + 10),
      ];
      return own === id && kind === 2 && count > 10;
    });
    const page = leaves[Math.floor(leaves.length / 2)] ?? 0;
    bytes.writeUInt32LE(bytes.readUInt32LE(page * pageBytes) + 1, page * pageBytes);
  };

  test("is shown before and behind a damaged page", async () => {
    const dir = spoiled(theirs, db, spoilPage);
    const overview = await looked(dir);
    expect(overview.damage).toEqual([expect.stringMatching(/^page \d+: the page says that it is page \d+$/)]);
    expect(overview).toMatchObject({ code: 1, stderr: "Error: 1 damaged place was left out\n" });
    const rows = Number(overview.lines.find(({ bucket }) => bucket === "key")?.rows);
    expect(rows).toBeGreaterThan(puts / 2);
    expect(rows).toBeLessThan(puts);
    for (const key of ["k0", `k${puts - 1}`]) {
      const { lines, damage } = await looked(dir, "--key", key);
      expect(lines.map(({ type }) => type).sort()).toEqual(["damage", "revision"]);
      expect(damage).toEqual(overview.damage);
    }
    const { lines: sizes } = await looked(dir, "--sizes", "--depth", "0");
    expect(sizes.filter(({ type }) => type === "damage")).toHaveLength(1);
  });

  test.each([
    { name: "without meta pages", change: (bytes: Buffer) => bytes.fill(0, 0, 2 * pageBytes) },
    { name: "that is no database", change: (bytes: Buffer) => bytes.fill(0x55) },
  ])("$name: the member and the log are shown", async ({ change }) => {
    const { lines, damage, code } = await looked(spoiled(theirs, db, change));
    expect(code).toBe(1);
    expect(damage.length).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ type: "damage" });
    expect(lines.find(({ type }) => type === "member")).toMatchObject({
      memberId: expect.stringMatching(/^[0-9a-f]{15,16}$/),
    });
    expect(lines.find(({ type }) => type === "database")).toMatchObject({ readable: false });
  });

  test("that is not there: the log is shown", async () => {
    const dir = join(folder, `copy-${copies++}`);
    cpSync(theirs, dir, { recursive: true });
    rmSync(db(dir));
    const { damage, lines } = await looked(dir);
    expect(damage[0]).toContain("is no data directory of etcd: there is no");
    expect(lines.find(({ type }) => type === "log")).toBeDefined();
  });
});

describe("the database of this package", () => {
  const file = (dir: string): string => longest(join(dir, "member", "db"), /\.log$/);

  test("is shown up to a damaged batch", async () => {
    const { damage, lines, code } = await looked(spoiled(ours, file, (bytes) => flip(bytes.length >> 1)(bytes)));
    expect(damage[0]).toMatch(/member\/db\S* is damaged: \S*member\/db\S*\.log cannot be read at byte \d+/);
    expect(code).toBe(1);
    expect(lines.find(({ bucket }) => bucket === "key")).toMatchObject({ rows: expect.any(Number) });
  });
});

describe("the log of this package", () => {
  const file = (dir: string): string => longest(join(dir, "member", "wal"), /\.log$/);

  test("is shown up to a damaged batch", async () => {
    const dir = spoiled(ours, file, (bytes) => flip(bytes.length >> 1)(bytes));
    const overview = await looked(dir);
    expect(overview.damage[0]).toMatch(/member\/wal\S* is damaged at index \d+: \S*member\/wal\S*\.log cannot be read/);
    expect(overview.lines.find(({ type, bucket }) => type === "bucket" && bucket === "key")).toMatchObject({
      rows: puts,
    });
    const { lines, code, damage } = await looked(dir, "--log");
    expect(damage).toEqual(overview.damage);
    expect(code).toBe(1);
    const entries = lines.filter(({ type }) => type === "entry").map(({ index }) => Number(index));
    expect(entries.length).toBeGreaterThan(puts / 4);
    expect(entries[0]).toBe(1);
  });
});
