import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TestClient } from "../support/client.js";
import { ServerProcess } from "../support/server-process.js";

test("a member whose disk is full stops with a message, and loses no acknowledged write", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "etcd-full-"));
  const acknowledged: string[] = [];
  try {
    const server = await ServerProcess.start({ kind: "ours", dataDir, fileKiBMax: 512 });
    await Promise.all(Array.from({ length: 8 }, (_, writer) => writeUntilRefused(server, writer, acknowledged)));
    expect(await server.ended()).toBe(1);
    const complaints = server.log.split("\n").filter((line) => /"level":"(error|fatal)"/.test(line));
    expect(complaints, "one line that names what failed").toEqual([expect.stringMatching(/too large|EFBIG|write/i)]);
    expect(acknowledged.length).toBeGreaterThan(10);

    const again = await ServerProcess.start({ kind: "ours", dataDir });
    const client = new TestClient(again.endpoint);
    const { kvs } = await client.unary("etcdserverpb.KV", "Range", { key: "\0", rangeEnd: "\0", keysOnly: true });
    client.close();
    await again.stop();
    const kept = new Set(kvs.map((kv) => (kv as { key: string }).key));
    expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

async function writeUntilRefused(server: ServerProcess, writer: number, acknowledged: string[]): Promise<void> {
  const client = new TestClient(server.endpoint);
  const value = Buffer.alloc(2000, "v");
  try {
    for (let at = 0; ; at++) {
      const key = `${writer}/${at}`;
      await client.unary("etcdserverpb.KV", "Put", { key, value });
      acknowledged.push(key);
    }
  } catch {
    // The server has stopped. All writes that it acknowledged are in the list.
  } finally {
    client.close();
  }
}
