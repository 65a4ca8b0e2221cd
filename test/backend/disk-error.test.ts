import { expect, test } from "vitest";
import { openFailure } from "../../src/backend/index.js";

test("a start on a full disk names the disk, the space that is needed, and how to free space", () => {
  const cause = new Error("IO error: /data/member/wal/MANIFEST-000012: No space left on device");
  const { message } = openFailure("/data/member/wal", new Error("Database failed to open", { cause }));
  expect(message).toContain("cannot open the database in /data/member/wal: IO error");
  expect(message).toContain("a start needs up to 32 MiB");
  expect(message).toContain("etcdctl compaction, etcdctl defrag and etcdctl alarm disarm");
});

test("another error is not changed", () => {
  const { message } = openFailure("/data", new Error("failed", { cause: new Error("IO error: Permission denied") }));
  expect(message).toBe("cannot open the database in /data: IO error: Permission denied");
});
