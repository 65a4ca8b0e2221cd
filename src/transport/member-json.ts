import type { MemberId } from "../base/index.js";
import { encodeMember, type Member } from "../cluster/index.js";

/** Writes a list of members in etcd's JSON. */
export function encodeMembers(members: readonly Member[]): string {
  return `[${members.map(encodeMember).join(",")}]\n`;
}

/**
 * Reads a list of members in etcd's JSON.
 *
 * @throws SyntaxError, TypeError when `text` is not such a list
 */
export function decodeMembers(text: string): readonly Member[] {
  // Ids are bare 64-bit numbers, which JSON.parse would round, so they are put in quotes first. A quote inside a string
  // is escaped, so this finds only names of fields.
  const list: unknown = JSON.parse(text.replace(/"id"\s*:\s*(\d+)/g, `"id":"$1"`));
  if (!Array.isArray(list)) throw new TypeError("expected a list of members");
  return list.map(memberOf);
}

function memberOf(value: unknown): Member {
  const fields: Readonly<Record<string, unknown>> = { ...(value ?? {}) };
  const { id, name, isLearner } = fields;
  if (typeof id !== "string") throw new TypeError("a member has no id");
  return {
    id: BigInt(id) as MemberId,
    name: typeof name === "string" ? name : "",
    peerUrls: strings(fields.peerURLs),
    clientUrls: strings(fields.clientURLs),
    isLearner: isLearner === true,
  };
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
