import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { maintenanceBindings } from "../../../src/rpc/services/maintenance.js";
import { SnapshotResponse } from "../../../src/wire/index.js";

const refuse = () => Promise.reject(new Error("nobody asked for this"));

for (const version of ["", "3.6.0"]) {
  test(`a snapshot's messages are encoded as any message, ${version === "" ? "before 3.6" : "since 3.6"}`, async () => {
    const parts = [Buffer.alloc(300, "a"), Buffer.alloc(100, "b"), Buffer.from("c")] as const;
    let closed = 0;
    const snapshot = {
      bytes: 401,
      async *chunks() {
        yield* parts;
      },
      close: async () => void closed++,
    };
    const maintenance = {
      status: refuse,
      alarm: refuse,
      defragment: refuse,
      hash: refuse,
      hashKv: refuse,
      moveLeader: refuse,
      snapshot: async () => snapshot,
      storageVersion: version === "" ? undefined : version,
    };
    const bindings = maintenanceBindings({ maintenance, downgrades: { run: refuse } });
    const binding = bindings.find(({ path }) => path === "/etcdserverpb.Maintenance/Snapshot");
    if (binding?.kind !== "stream") throw new Error("Snapshot is not bound");
    const sent: Buffer[] = [];
    let drained = 0;
    await binding.run({
      call: { cancelled: false, signal: new AbortController().signal, metadata: () => undefined },
      async *read() {
        yield new Uint8Array(0);
      },
      write: (message) => sent.push(Buffer.from(message)) < 2,
      writePieces: ({ length, pieces }) => {
        const message = Buffer.concat(pieces);
        expect(message.length).toBe(length);
        return sent.push(message) < 2;
      },
      drained: async () => void drained++,
      end: () => undefined,
    });
    const hash = createHash("sha256").update(Buffer.concat(parts)).digest();
    const wanted = [
      { remainingBytes: 101, blob: parts[0] },
      { remainingBytes: 1, blob: parts[1] },
      { remainingBytes: 0, blob: parts[2] },
      { remainingBytes: 0, blob: hash },
    ].map((fields) => Buffer.from(SnapshotResponse.encode(SnapshotResponse.create({ ...fields, version }))));
    expect(sent).toEqual(wanted);
    expect({ closed, drained }).toEqual({ closed: 1, drained: 2 });
  });
}
