import type { Backend } from "../backend/index.js";
import type { MemberId } from "../base/index.js";
import type { DowngradeInfo } from "./cluster-version.js";
import { decodeMember, encodeMember, goJson, parseObject } from "./json.js";
import { idText, type Member } from "./member.js";
import type { SnapshotMembership } from "./v2-store.js";

/** The membership stored in the buckets `members`, `members_removed` and `cluster`, as etcd 3.5 stores it. */
export interface StoredMembership extends SnapshotMembership {
  readonly downgrade: DowngradeInfo;
}

const versionKey = text("clusterVersion");
const downgradeKey = text("downgrade");

export async function loadMembership(backend: Backend): Promise<StoredMembership> {
  const members: Member[] = [];
  for await (const batch of backend.batches("members")) {
    for (const [key, value] of batch) members.push({ ...decodeMember(textOf(value)), id: idOf(key) });
  }
  const removed: MemberId[] = [];
  for await (const batch of backend.batches("members_removed")) removed.push(...batch.map(([key]) => idOf(key)));
  const version = backend.get("cluster", versionKey);
  return {
    members,
    removed,
    version: version === undefined ? undefined : textOf(version),
    downgrade: loadDowngrade(backend),
  };
}

/** Replaces the stored records by those of a raft snapshot, since the snapshot's database need not agree with it. */
export function replaceMembership(backend: Backend, stored: StoredMembership, wanted: SnapshotMembership): void {
  for (const { id } of stored.members) backend.delete("members", text(idText(id)));
  for (const id of stored.removed) backend.delete("members_removed", text(idText(id)));
  for (const member of wanted.members) saveMember(backend, member);
  for (const id of wanted.removed) saveRemoval(backend, id);
  if (wanted.version === undefined) backend.delete("cluster", versionKey);
  else saveVersion(backend, wanted.version);
}

export function saveMember(backend: Backend, member: Member): void {
  backend.put("members", text(idText(member.id)), text(encodeMember(member)));
}

export function saveRemoval(backend: Backend, id: MemberId): void {
  backend.put("members_removed", text(idText(id)), text("removed"));
  backend.delete("members", text(idText(id)));
}

export function saveVersion(backend: Backend, version: string): void {
  backend.put("cluster", versionKey, text(version));
}

export function saveDowngrade(backend: Backend, { enabled, targetVersion }: DowngradeInfo): void {
  backend.put("cluster", downgradeKey, text(`{"target-version":${goJson(targetVersion)},"enabled":${enabled}}`));
}

function loadDowngrade(backend: Backend): DowngradeInfo {
  const json = backend.get("cluster", downgradeKey);
  if (json === undefined) return { enabled: false, targetVersion: "" };
  const fields = parseObject(textOf(json));
  const targetVersion = fields["target-version"];
  return { enabled: fields.enabled === true, targetVersion: typeof targetVersion === "string" ? targetVersion : "" };
}

function idOf(key: Uint8Array): MemberId {
  return BigInt(`0x${textOf(key)}`) as MemberId;
}

function text(value: string): Uint8Array {
  return Buffer.from(value, "utf8");
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
