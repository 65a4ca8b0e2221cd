import { createHash } from "node:crypto";
import type { EtcdServer, MaintenanceService } from "../../server/index.js";
import { openedField, type SnapshotRequest, SnapshotResponse, services } from "../../wire/index.js";
import { type Binding, streaming, unary } from "../grpc/binding.js";
import type { MessageInPieces } from "../grpc/sent-messages.js";
import type { ServerStream } from "../grpc/stream.js";

export interface MaintenanceServer {
  readonly maintenance: Pick<
    MaintenanceService,
    "status" | "alarm" | "defragment" | "hash" | "hashKv" | "moveLeader" | "snapshot" | "storageVersion"
  >;
  readonly downgrades: Pick<EtcdServer["downgrades"], "run">;
}

/** The bytes of a snapshot in each message, as in etcd. */
const snapshotChunkBytes = 32 * 1024;
/** Field number of `SnapshotResponse.blob`. */
const blobField = 3;

/** etcdserverpb.Maintenance */
export function maintenanceBindings(server: MaintenanceServer): readonly Binding[] {
  const { Status, Alarm, Defragment, Downgrade, Hash, HashKV, MoveLeader, Snapshot } =
    services["etcdserverpb.Maintenance"];
  return [
    unary(Status, (_, call) => server.maintenance.status(call)),
    unary(Alarm, (request, call) => server.maintenance.alarm(request, call)),
    unary(Defragment, (_, call) => server.maintenance.defragment(call)),
    unary(Downgrade, (request, call) => server.downgrades.run(request, call)),
    unary(Hash, (_, call) => server.maintenance.hash(call)),
    unary(HashKV, (request, call) => server.maintenance.hashKv(request.revision, call)),
    unary(MoveLeader, (request, call) => server.maintenance.moveLeader(request, call)),
    streaming(Snapshot, (stream) => sendSnapshot(server, stream)),
  ];
}

/** Sends the snapshot file, then a message with its SHA-256, which proves that the client has all of it. */
async function sendSnapshot(
  server: MaintenanceServer,
  stream: ServerStream<SnapshotRequest, SnapshotResponse>,
): Promise<void> {
  const { signal } = stream.call;
  await stream.read()[Symbol.asyncIterator]().next();
  const snapshot = await server.maintenance.snapshot(stream.call);
  const version = server.maintenance.storageVersion ?? "";
  try {
    const hash = createHash("sha256");
    let remainingBytes = snapshot.bytes;
    for await (const blob of snapshot.chunks(snapshotChunkBytes)) {
      if (signal.aborted) return;
      hash.update(blob);
      remainingBytes -= blob.length;
      if (!stream.writePieces(messageOf(blob, remainingBytes, version))) await stream.drained();
    }
    stream.write(SnapshotResponse.create({ blob: hash.digest(), version }));
  } finally {
    await snapshot.close();
  }
}

/** A `SnapshotResponse` around a part of the file, which is not copied. */
function messageOf(blob: Uint8Array, remainingBytes: number, version: string): MessageInPieces {
  const before = SnapshotResponse.encode(SnapshotResponse.create({ remainingBytes }));
  const head = Buffer.concat([before, openedField(blobField, blob.length)]);
  if (version === "") return { length: head.length + blob.length, pieces: [head, blob] };
  const tail = SnapshotResponse.encode(SnapshotResponse.create({ version }));
  return { length: head.length + blob.length + tail.length, pieces: [head, blob, tail] };
}
