import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Backend, openLevelBackend, SideFolder } from "../../../src/backend/index.js";
import { type LogFields, silentLogger, systemClock } from "../../../src/base/index.js";
import { checkpointFile, openStore } from "../../../src/mvcc/index.js";
import type { OutgoingSnapshot } from "../../../src/transport/index.js";
import { always, LookClock, rest, startOf } from "../../mvcc/checkpoint/looked-at.js";
import { show, write } from "../../mvcc/fixture.js";
import { ended, fail, placesIn, sender, sentSnapshot, sentTo, snapshotIndex } from "./indexed-sender.js";

const root = mkdtempSync(join(tmpdir(), "etcd-index-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));

function openDatabase(dir: string, indexed = true): Promise<Backend> {
  const sideFiles = new SideFolder(dir, false);
  const options = { dir, clock: systemClock, logger: silentLogger, onFailure: fail };
  return openLevelBackend({ ...options, ...(indexed && { sideFiles }) });
}

/** The names in the list at the beginning of an archive. */
async function namesIn(sent: OutgoingSnapshot): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of sent.body(0)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const list: { name: string }[] = JSON.parse(bytes.toString("latin1", 4, 4 + bytes.readUInt32BE()));
  return list.map(({ name }) => name);
}

/** Opens the store on a received database. @returns also what the log says about the checkpoint */
async function received(sent: OutgoingSnapshot, harm: (index: string) => void = () => undefined) {
  const dir = freshDir();
  const receiver = placesIn(dir);
  const first = await receiver.databases.open(undefined);
  const part = { form: "tables", transfer: "00000000000000aa", from: 0, progress: () => undefined } as const;
  await receiver.received.store(snapshotIndex, sent.body(0), part);
  harm(join(dir, "snap", "000000000000001a.snap.tables", "index"));
  const backend = await receiver.databases.load(sentSnapshot(), new AbortController().signal);
  const says: (readonly [string, LogFields])[] = [];
  const log = (text: string, fields: LogFields = {}): void => void says.push([text, fields]);
  const logger = { ...silentLogger, info: log, warn: log };
  const leases: string[] = [];
  const onLease = (key: string): void => void leases.push(key);
  const store = await openStore({ backend, clock: systemClock, logger, onLease });
  const about = says.filter(([text]) => text.includes("checkpoint of the index"));
  const result = { about, keys: show(store), revision: store.revision, leases: leases.sort() };
  await store.close();
  await first.close();
  await backend.close();
  return result;
}

test("a received database has the checkpoint of its sender, so that only the changes behind it are read", async () => {
  const from = await sender(freshDir());
  const sent = await sentTo("indexed tables", from);
  const { about, keys, revision, leases } = await received(sent);
  expect(about).toEqual([["read the checkpoint of the index", { revision: 301, keys: 300, "changes-behind-it": 10 }]]);
  expect(keys).toEqual(show(from.store));
  expect(revision).toBe(from.store.revision);
  expect(leases).toEqual(
    Array.from({ length: 300 }, (_, at) => `key${at}`)
      .filter((_, at) => at % 3 === 0 && at !== 9 && (at % 7 !== 0 || at > 56))
      .sort(),
  );
  sent.release();
  await ended(from);
});

test("a receiver that does not say that it takes a checkpoint is sent no file that it would refuse", async () => {
  const from = await sender(freshDir());
  const sent = await sentTo("tables", from);
  const names = await namesIn(sent);
  expect(names.length).toBeGreaterThan(2);
  // The names that receivers without checkpoints take.
  expect(names.filter((name) => !/^(CURRENT|MANIFEST-\d{6,20}|\d{6,20}\.(ldb|log))$/.test(name))).toEqual([]);
  const { about, keys } = await received(sent);
  expect(about.map(([, { reason }]) => reason)).toEqual(["its file is not there"]);
  expect(keys).toEqual(show(from.store));
  const indexed = await sentTo("indexed tables", from);
  expect((await namesIn(indexed)).filter((name) => !names.includes(name))).toContain("index/0000000000000001");
  sent.release();
  indexed.release();
  await ended(from);
});

for (const { name, harm, reason } of [
  {
    name: "is damaged",
    harm: (file: string) => {
      const bytes = readFileSync(file);
      const at = bytes.length >> 1;
      bytes[at] = ~(bytes[at] ?? 0);
      writeFileSync(file, bytes);
    },
    reason: /does not match its sum/,
  },
  {
    name: "is cut",
    harm: (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 40)),
    reason: /has 40 bytes/,
  },
  { name: "is missing", harm: (file: string) => rmSync(file), reason: /is not there/ },
]) {
  test(`all rows are read when a received checkpoint ${name}`, async () => {
    const from = await sender(freshDir());
    const sent = await sentTo("indexed tables", from);
    const { about, keys, revision } = await received(sent, (index) => harm(join(index, readdirSync(index)[0] ?? "")));
    expect(about.map(([text]) => text)).toEqual([
      "the checkpoint of the index cannot be used: all keys are read instead",
    ]);
    expect(about[0]?.[1].reason).toMatch(reason);
    expect(keys).toEqual(show(from.store));
    expect(revision).toBe(from.store.revision);
    sent.release();
    await ended(from);
  });
}

test("a copy has the checkpoint that it names, whatever checkpoints are written and given up meanwhile", async () => {
  const dir = freshDir();
  const backend = await openDatabase(dir);
  const clock = new LookClock();
  const store = await openStore({
    backend,
    clock,
    logger: silentLogger,
    checkpoints: always,
    onLease: () => undefined,
  });
  let at = 0;
  const changes = async (turns: number): Promise<void> => {
    for (const end = at + turns; at < end; at++) {
      write(store, { put: `key${(at * 7) % 500}`, value: `${at}` });
      if (at % 20 === 0) write(store, { del: `key${at % 500}` });
      clock.look();
      await rest(1);
    }
  };
  await changes(200);
  let named = 0;
  for (let copy = 0; copy < 12; copy++) {
    const target = freshDir();
    const taken: (string | undefined)[] = [];
    await changes(copy);
    const meanwhile = changes(20);
    await backend.copyTo(target, () => {
      const file = checkpointFile(backend);
      taken.push(file);
      return file === undefined ? [] : [file];
    });
    await meanwhile;
    if (copy % 5 === 4) await store.compact(store.revision).done;
    const copied = await openDatabase(target);
    const { from, records } = await startOf(copied);
    await copied.close();
    const whole = await openDatabase(target, false);
    const all = await startOf(whole);
    await whole.close();
    expect(from).toBe(taken[0] === undefined ? "rows" : "checkpoint");
    expect(all.from).toBe("rows");
    expect(records).toEqual(all.records);
    if (taken[0] !== undefined) named++;
  }
  expect(named).toBeGreaterThan(6);
  await ended({ store, backend });
});
