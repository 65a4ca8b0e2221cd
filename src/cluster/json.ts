import { assert, type MemberId } from "../base/index.js";
import type { Member, MemberAttributes, RaftAttributes } from "./member.js";

/**
 * A member in the JSON of records and requests, byte for byte as Go's `encoding/json` writes it: fields in a fixed
 * order, empty ones left out where etcd's tags say so, ids as bare 64-bit numbers (which `JSON.parse` would round).
 */
export function encodeMember(member: Member): string {
  return `{${memberFields(member)}}`;
}

/** @throws Error when the text is not a member's JSON */
export function decodeMember(text: string): Member {
  return memberOf(parseObject(text), idOf(text));
}

export function encodeAttributes(attributes: MemberAttributes): string {
  return `{${attributeFields(attributes).join(",")}}`;
}

/** @throws Error when the text is not JSON of attributes */
export function decodeAttributes(text: string): MemberAttributes {
  return attributesOf(parseObject(text));
}

/** The context of a conf change: the member, and whether the change promotes a learner to a voter. */
export interface ConfChangeContext {
  readonly member: Member;
  readonly isPromote: boolean;
}

export function encodeConfChangeContext({ member, isPromote }: ConfChangeContext): Uint8Array {
  return Buffer.from(`{${memberFields(member)},"isPromote":${isPromote}}`, "utf8");
}

/** @throws Error when the bytes are not such a context */
export function decodeConfChangeContext(bytes: Uint8Array): ConfChangeContext {
  const text = Buffer.from(bytes).toString("utf8");
  const fields = parseObject(text);
  return { member: memberOf(fields, idOf(text)), isPromote: fields.isPromote === true };
}

/** Encodes peer URLs and the learner flag, the attributes that conf changes set. */
export function encodeRaftAttributes(member: RaftAttributes): string {
  return `{${raftAttributeFields(member).join(",")}}`;
}

/** @throws Error when the text is not JSON of such attributes */
export function decodeRaftAttributes(text: string): RaftAttributes {
  return raftAttributesOf(parseObject(text));
}

/** JSON as Go writes it: characters that could end a script or a line within HTML are escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("expected a JSON object");
  return { ...value };
}

function memberFields(member: Member): string {
  return [`"id":${member.id}`, ...raftAttributeFields(member), ...attributeFields(member)].join(",");
}

function raftAttributeFields({ peerUrls, isLearner }: RaftAttributes): string[] {
  // etcd writes null for a list that was never made, such as the one in the context of a promotion.
  const urls = peerUrls.length === 0 ? "null" : goJson(peerUrls);
  return [`"peerURLs":${urls}`, ...(isLearner ? [`"isLearner":true`] : [])];
}

function attributeFields({ name, clientUrls }: MemberAttributes): string[] {
  const fields: string[] = [];
  if (name !== "") fields.push(`"name":${goJson(name)}`);
  if (clientUrls.length > 0) fields.push(`"clientURLs":${goJson(clientUrls)}`);
  return fields;
}

/** Reads the id. A quote inside a JSON string is escaped, so the pattern matches only the name of the field. */
function idOf(text: string): MemberId {
  const digits = /"id"\s*:\s*(\d+)/.exec(text)?.[1];
  if (digits === undefined) throw new Error("the JSON of a member has no id");
  const id = BigInt(digits);
  assert(id === BigInt.asUintN(64, id), "a member's id has 64 bits");
  return id as MemberId;
}

function memberOf(fields: Readonly<Record<string, unknown>>, id: MemberId): Member {
  return { id, ...raftAttributesOf(fields), ...attributesOf(fields) };
}

function raftAttributesOf(fields: Readonly<Record<string, unknown>>): RaftAttributes {
  return { peerUrls: strings(fields.peerURLs), isLearner: fields.isLearner === true };
}

function attributesOf(fields: Readonly<Record<string, unknown>>): MemberAttributes {
  return { name: typeof fields.name === "string" ? fields.name : "", clientUrls: strings(fields.clientURLs) };
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
