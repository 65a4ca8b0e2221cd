import type { MemberId } from "../base/index.js";
import { decodeAttributes, decodeRaftAttributes, encodeAttributes, encodeRaftAttributes, goJson } from "./json.js";
import { compareIds, idText, type Member } from "./member.js";

/** The membership in a raft snapshot. */
export interface SnapshotMembership {
  /** All members in the order of their ids. */
  readonly members: readonly Member[];
  readonly removed: readonly MemberId[];
  readonly version: string | undefined;
}

/** A node of etcd's v2 store; a node without children is a file. */
interface StoreNode {
  readonly value: string;
  readonly children: ReadonlyMap<string, StoreNode> | undefined;
}

const eventsMax = 1_000;
const versionOfFormat = 2;
const never = "0001-01-01T00:00:00Z";

/**
 * Encodes the data of a raft snapshot: etcd's v2 store as JSON. A member that runs etcd reads the membership only from
 * here. The history of events is empty, but has the full length that etcd relies on when it appends to it. Indexes are
 * 0, since only watchers of that store could see them.
 */
export function encodeV2Store({ members, removed, version }: SnapshotMembership): Uint8Array {
  const cluster = new Map<string, StoreNode>();
  cluster.set("members", directory(members.map((member) => [idText(member.id), memberNode(member)])));
  if (removed.length > 0) {
    const ids = [...removed].sort(compareIds);
    cluster.set("removed_members", directory(ids.map((id) => [idText(id), file("")])));
  }
  if (version !== undefined) cluster.set("version", file(version));
  const root = directory([
    ["0", { value: "", children: cluster }],
    ["1", directory([])],
  ]);
  const queue = { Events: Array(eventsMax).fill(null), Size: 0, Front: 0, Back: 0, Capacity: eventsMax };
  const store = {
    Root: nodeJson("/", root),
    WatcherHub: { EventHistory: { Queue: queue, StartIndex: 0, LastIndex: 0 } },
    CurrentIndex: 0,
    Stats: {},
    CurrentVersion: versionOfFormat,
  };
  return Buffer.from(goJson(store), "utf8");
}

/**
 * @throws Error when the bytes are not such a store, or when it holds keys of etcd's v2 API: these are not stored here,
 * and skipping them would lose data
 */
export function decodeV2Store(bytes: Uint8Array): SnapshotMembership {
  const fields = objectOf(JSON.parse(Buffer.from(bytes).toString("utf8")));
  const root = nodeOf(fields.Root);
  for (const [name, { children }] of root.children ?? []) {
    if (name !== "0" && hasFiles(children)) {
      throw new Error(`the snapshot holds keys of etcd's v2 API, which is not supported: /${name}`);
    }
  }
  const cluster = root.children?.get("0")?.children;
  const members = [...(cluster?.get("members")?.children ?? [])].map(([name, node]) => memberOf(name, node));
  const removed = [...(cluster?.get("removed_members")?.children?.keys() ?? [])].map(idOf);
  return {
    members: members.sort((one, other) => compareIds(one.id, other.id)),
    removed: removed.sort(compareIds),
    version: cluster?.get("version")?.value,
  };
}

function memberNode(member: Member): StoreNode {
  const raftAttributes = file(encodeRaftAttributes(member));
  const published = member.name !== "" || member.clientUrls.length > 0;
  return directory([
    ...(published ? [["attributes", file(encodeAttributes(member))] as const] : []),
    ["raftAttributes", raftAttributes],
  ]);
}

function memberOf(name: string, { children }: StoreNode): Member {
  const raftAttributes = children?.get("raftAttributes");
  if (raftAttributes === undefined) throw new Error(`the snapshot has no peer URLs for member ${name}`);
  const attributes = children?.get("attributes");
  return {
    id: idOf(name),
    ...decodeRaftAttributes(raftAttributes.value),
    ...(attributes === undefined ? { name: "", clientUrls: [] } : decodeAttributes(attributes.value)),
  };
}

function idOf(name: string): MemberId {
  if (!/^[0-9a-f]{1,16}$/.test(name)) throw new Error(`the snapshot has a member with a malformed id: ${name}`);
  return BigInt(`0x${name}`) as MemberId;
}

function file(value: string): StoreNode {
  return { value, children: undefined };
}

function directory(children: readonly (readonly [string, StoreNode])[]): StoreNode {
  return { value: "", children: new Map(children) };
}

function hasFiles(children: ReadonlyMap<string, StoreNode> | undefined): boolean {
  return [...(children?.values() ?? [])].some((node) => node.children === undefined || hasFiles(node.children));
}

function nodeJson(path: string, { value, children }: StoreNode): Readonly<Record<string, unknown>> {
  const prefix = path === "/" ? "/" : `${path}/`;
  const entries = children && [...children].map(([name, node]) => [name, nodeJson(prefix + name, node)]);
  return {
    Path: path,
    CreatedIndex: 0,
    ModifiedIndex: 0,
    ExpireTime: never,
    Value: value,
    Children: entries === undefined ? null : Object.fromEntries(entries),
  };
}

function nodeOf(json: unknown): StoreNode {
  const { Value: value, Children: children } = objectOf(json);
  if (children === null || children === undefined) return file(typeof value === "string" ? value : "");
  return directory(Object.entries(objectOf(children)).map(([name, node]) => [name, nodeOf(node)]));
}

function objectOf(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null) throw new Error("the data of the raft snapshot is not a JSON object");
  return { ...json };
}
