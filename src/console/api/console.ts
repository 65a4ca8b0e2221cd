import { type Binary, toBase64 } from "../text/binary.js";
import { call } from "./call.js";
import { binaryField, flagOf, idField, type Json, listOf, numberOf, objectOf, textField, textsOf } from "./json.js";
import { mapResult, type Result } from "./result.js";
import type { Info } from "./session.js";

// The calls of etcdts.v1.Console: what the page needs and etcd's own API does not tell.

export async function info(): Promise<Result<Info>> {
  return mapResult(await call("console/info", {}, { anonymous: true }), (json) => ({
    version: textField(json.version),
    writes: flagOf(json.writes),
    separator: binaryField(json.separator) || "/",
    authEnabled: flagOf(json.authEnabled),
    memberId: idField(json.memberId),
  }));
}

export interface TreeQuery {
  readonly prefix: Binary;
  readonly separator: Binary;
  /** Answers begin behind this name. */
  readonly after?: Binary;
  readonly limit?: number;
  /** 0 or absent means the current revision. */
  readonly revision?: number;
  /** Whether every key is a node of its own, whatever separators its name has. */
  readonly flat?: boolean;
}

export interface TreeNode {
  /** The part of the name behind the prefix, with the separator at its end if it is a folder. */
  readonly name: Binary;
  readonly key: Binary;
  readonly folder: boolean;
  /** Whether there is a key of exactly this name. */
  readonly present: boolean;
  /** Keys at or below this node. */
  readonly count: number;
  /** Bytes of these keys and their values; 0 if unknown. */
  readonly bytes: number;
  readonly bytesExact: boolean;
  readonly modRevision: number;
  readonly lease: string;
}

export interface TreePage {
  readonly revision: number;
  readonly nodes: readonly TreeNode[];
  readonly more: boolean;
  readonly count: number;
}

export async function tree(query: TreeQuery, signal?: AbortSignal): Promise<Result<TreePage>> {
  const body = {
    prefix: toBase64(query.prefix),
    separator: toBase64(query.separator),
    after: toBase64(query.after ?? ""),
    limit: query.limit ?? 0,
    revision: query.revision ?? 0,
    ...(query.flat === true ? { flat: true } : {}),
  };
  return mapResult(await call("console/tree", body, { signal }), (json) => ({
    revision: numberOf(objectOf(json.header).revision),
    nodes: listOf(json.nodes).map(treeNode),
    more: flagOf(json.more),
    count: numberOf(json.count),
  }));
}

function treeNode(json: Json): TreeNode {
  return {
    name: binaryField(json.name),
    key: binaryField(json.key),
    folder: flagOf(json.folder),
    present: flagOf(json.present),
    count: numberOf(json.count),
    bytes: numberOf(json.bytes),
    bytesExact: flagOf(json.bytesExact),
    modRevision: numberOf(json.modRevision),
    lease: idField(json.lease),
  };
}

export interface MemberState {
  readonly id: string;
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
  /** Whether the member that serves this page could ask it. */
  readonly reached: boolean;
  readonly error: string;
  readonly version: string;
  /** The leader as this member knows it; `0` for none. */
  readonly leader: string;
  readonly term: number;
  readonly raftIndex: number;
  readonly appliedIndex: number;
  /** Entries of the log by which it is behind the leader. */
  readonly lag: number;
  readonly dbSize: number;
  readonly dbSizeInUse: number;
  readonly startedSecondsAgo: number;
  readonly alarms: readonly string[];
  /** `ok`, or what is wrong. */
  readonly health: string;
}

export async function members(signal?: AbortSignal): Promise<Result<readonly MemberState[]>> {
  return mapResult(await call("console/members", {}, { signal }), (json) => listOf(json.members).map(memberState));
}

function memberState(json: Json): MemberState {
  return {
    id: idField(json.id ?? json.ID),
    name: textField(json.name),
    peerURLs: textsOf(json.peerURLs ?? json.peerUrls),
    clientURLs: textsOf(json.clientURLs ?? json.clientUrls),
    isLearner: flagOf(json.isLearner),
    reached: flagOf(json.reached),
    error: textField(json.error),
    version: textField(json.version),
    leader: idField(json.leader),
    term: numberOf(json.term),
    raftIndex: numberOf(json.raftIndex),
    appliedIndex: numberOf(json.appliedIndex),
    lag: numberOf(json.lag),
    dbSize: numberOf(json.dbSize),
    dbSizeInUse: numberOf(json.dbSizeInUse),
    startedSecondsAgo: numberOf(json.startedSecondsAgo),
    alarms: textsOf(json.alarms),
    health: textField(json.health),
  };
}

export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
}

export interface Statistics {
  readonly stepSeconds: number;
  /** Unix seconds of the first value. */
  readonly start: number;
  readonly series: readonly Series[];
}

/** @param memberId decimal; `0` is the member that serves this page */
export async function statistics(
  memberId: string,
  sinceSeconds: number,
  signal?: AbortSignal,
): Promise<Result<Statistics>> {
  return mapResult(await call("console/statistics", { memberId, sinceSeconds }, { signal }), (json) => ({
    stepSeconds: numberOf(json.stepSeconds) || 5,
    start: numberOf(json.start),
    series: listOf(json.series).map((series) => ({
      name: textField(series.name),
      unit: textField(series.unit),
      values: Array.isArray(series.values) ? series.values.map(numberOf) : [],
    })),
  }));
}

/** A permission of a role. */
export interface Permission {
  readonly type: "read" | "write" | "readwrite";
  readonly key: Binary;
  readonly rangeEnd: Binary;
}

export function permission(json: Json): Permission {
  const type = textField(json.permType);
  return {
    // The first of the three is the value zero, which may be left out.
    type: type === "WRITE" ? "write" : type === "READWRITE" ? "readwrite" : "read",
    key: binaryField(json.key),
    rangeEnd: binaryField(json.rangeEnd),
  };
}

export interface MayAnswer {
  readonly allowed: boolean;
  /** The permissions of the user that concern the range. */
  readonly why: readonly { readonly role: string; readonly permission: Permission }[];
  readonly reason: string;
}

/** Whether a user may read or write a range, and which roles allow it. */
export async function may(question: {
  readonly user: string;
  readonly key: Binary;
  readonly rangeEnd?: Binary;
  readonly type: "read" | "write";
}): Promise<Result<MayAnswer>> {
  const body = {
    user: question.user,
    key: toBase64(question.key),
    rangeEnd: toBase64(question.rangeEnd ?? ""),
    type: question.type,
  };
  return mapResult(await call("console/may", body), (json) => ({
    allowed: flagOf(json.allowed),
    why: listOf(json.why).map(({ role, permission: granted }) => ({
      role: textField(role),
      permission: permission(objectOf(granted)),
    })),
    reason: textField(json.reason),
  }));
}
