import { type Backend, openMemoryBackend } from "../../src/backend/index.js";
import {
  type ApiLevel,
  type ClusterId,
  defaultApiLevel,
  type Logger,
  ManualClock,
  type MemberId,
  silentLogger,
} from "../../src/base/index.js";
import { Cluster, encodeConfChangeContext, encodeMember, type Member } from "../../src/cluster/index.js";
import type { ConfChangeV1 } from "../../src/raft/index.js";

export function openBackend(): Promise<Backend> {
  const onFailure = (error: Error): void => {
    throw error;
  };
  return openMemoryBackend({ clock: new ManualClock(), logger: silentLogger, onFailure });
}

export function makeCluster(
  backend: Backend,
  logger: Logger = silentLogger,
  level: ApiLevel = defaultApiLevel,
): Cluster {
  return new Cluster({ level, backend, logger, clusterId: 0xc1n as ClusterId, localId: memberId(1) });
}

export function memberId(value: number | bigint): MemberId {
  return BigInt(value) as MemberId;
}

export function member(id: number, more: Partial<Member> = {}): Member {
  const peerUrls = [`http://127.0.0.1:${2000 + id}`];
  return { id: memberId(id), name: "", peerUrls, clientUrls: [], isLearner: false, ...more };
}

export function add(added: Member, isPromote = false): ConfChangeV1 {
  const type = added.isLearner ? "ConfChangeAddLearnerNode" : "ConfChangeAddNode";
  const context = encodeConfChangeContext({ member: added, isPromote });
  return { version: 1, id: 0n, type, nodeId: added.id, context };
}

export function update(updated: Member): ConfChangeV1 {
  const context = Buffer.from(encodeMember(updated), "utf8");
  return { version: 1, id: 0n, type: "ConfChangeUpdateNode", nodeId: updated.id, context };
}

export function remove(id: number): ConfChangeV1 {
  return { version: 1, id: 0n, type: "ConfChangeRemoveNode", nodeId: BigInt(id), context: new Uint8Array(0) };
}
