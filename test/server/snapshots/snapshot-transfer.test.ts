import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConsistentIndex } from "../../../src/apply/index.js";
import { openMemoryBackend } from "../../../src/backend/index.js";
import { type ClusterId, defaultApiLevel, ManualClock, type MemberId, silentLogger } from "../../../src/base/index.js";
import { Cluster } from "../../../src/cluster/index.js";
import { createMessage } from "../../../src/raft/index.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { SnapshotTransfer } from "../../../src/server/snapshots/snapshot-transfer.js";
import type { OutgoingSnapshot } from "../../../src/transport/index.js";

const root = mkdtempSync(join(tmpdir(), "etcd-transfer-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;

interface Sending {
  /** Whether the database can be copied. */
  readonly copies: boolean;
  readonly unsettledWhile?: "copying" | "taken";
  /** Whether a view of the database can be closed. */
  readonly closes?: boolean;
}

/** A member that sends a snapshot to member 2. Its state begins to be replaced at some moment of the copy. */
async function sending({ copies, unsettledWhile, closes = true }: Sending) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const logger = { ...silentLogger, warn: (message: string): void => void lines.push(message) };
  const backend = await openMemoryBackend({ clock, logger: silentLogger, onFailure: () => undefined });
  const view = backend.consistentView.bind(backend);
  const refused = { close: () => Promise.reject(new Error("the disk has failed")) };
  if (!closes) backend.consistentView = () => Object.assign(view(), refused);
  const ids = { clusterId: 1n as ClusterId, localId: 1n as MemberId };
  const dir = join(root, String(dirs++));
  let settled = true;
  const sent: OutgoingSnapshot[] = [];
  const unsent: bigint[] = [];
  const done = new Promise<void>((resolve) => {
    const transfer = new SnapshotTransfer({
      ...{ backend, clock, logger, counters: new ServerCounters() },
      consistentIndex: new ConsistentIndex(backend),
      cluster: new Cluster({ level: defaultApiLevel, backend, logger: silentLogger, ...ids }),
      settled: () => settled,
      databases: {
        copy: async (_, taken) => {
          if (unsettledWhile === "taken") settled = false;
          taken();
          if (unsettledWhile === "copying") settled = false;
          if (!copies) return undefined;
          mkdirSync(dir);
          writeFileSync(join(dir, "CURRENT"), "MANIFEST-000001\n");
          return dir;
        },
      },
      core: {
        sendSnapshot: (snapshot) => {
          sent.push(snapshot);
          resolve();
        },
        snapshotUnsent: (to) => {
          unsent.push(to);
          resolve();
        },
      },
    });
    transfer.send(createMessage("MsgSnap", 2n, 1n, 3), "tables");
  });
  await done;
  return { sent, unsent, dir, lines };
}

for (const { name, copies, unsettledWhile } of [
  { name: "a copy of the old tables", copies: true, unsettledWhile: "taken" },
  { name: "a file", copies: false, unsettledWhile: "copying" },
] as const) {
  test(`${name} is not sent when this member's own state began to be replaced meanwhile`, async () => {
    const { sent, unsent, dir } = await sending({ copies, unsettledWhile });
    expect(sent).toEqual([]);
    expect(unsent).toEqual([2n]);
    await expect.poll(() => existsSync(dir)).toBe(false);
  });
}

test("a copy is sent as tables, though the state began to be replaced after its moment", async () => {
  const { sent, unsent } = await sending({ copies: true, unsettledWhile: "copying" });
  expect(sent.map(({ form }) => form)).toEqual(["tables"]);
  expect(unsent).toEqual([]);
});

test("a database that cannot be copied is sent as a file", async () => {
  const { sent, unsent } = await sending({ copies: false });
  expect(sent.map(({ form }) => form)).toEqual(["file"]);
  expect(unsent).toEqual([]);
});

test("a view that cannot be closed after it was sent is a line in the log, and does not stop the member", async () => {
  const { sent, lines } = await sending({ copies: false, closes: false });
  sent[0]?.release();
  await expect.poll(() => lines).toEqual(["failed to close the view of a sent database"]);
});
