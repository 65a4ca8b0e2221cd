import type { Backend, Readable } from "../backend/index.js";
import { type ConfState, emptyConfState } from "../raft/index.js";
import { parseObject } from "./json.js";

const recordKey = Buffer.from("confState", "latin1");

/** Stores raft's configuration with the membership that it belongs to, in the same batch. */
export function saveConfState(backend: Backend, state: ConfState): void {
  const lists = [
    ["voters", state.voters],
    ["learners", state.learners],
    ["voters_outgoing", state.votersOutgoing],
    ["learners_next", state.learnersNext],
  ] as const;
  const fields = lists.filter(([, ids]) => ids.length > 0).map(([name, ids]) => `"${name}":[${ids.join(",")}]`);
  backend.put("meta", recordKey, Buffer.from(`{${[...fields, `"auto_leave":${state.autoLeave}`].join(",")}}`, "utf8"));
}

/**
 * The stored configuration as of the consistent index; undefined in a fresh backend.
 *
 * Raft starts with this configuration and with the consistent index as its applied index, so it applies no conf change
 * twice.
 */
export function loadConfState(backend: Pick<Readable, "get">): ConfState | undefined {
  const bytes = backend.get("meta", recordKey);
  if (bytes === undefined) return undefined;
  return confStateOf(Buffer.from(bytes).toString("utf8"));
}

/** Reads a stored configuration, ours or etcd's own. */
export function confStateOf(text: string): ConfState {
  return {
    ...emptyConfState,
    voters: idsOf(text, "voters"),
    learners: idsOf(text, "learners"),
    votersOutgoing: idsOf(text, "voters_outgoing"),
    learnersNext: idsOf(text, "learners_next"),
    autoLeave: parseObject(text).auto_leave === true,
  };
}

/** Reads a list of ids. They have 64 bits, which `JSON.parse` would round. */
function idsOf(text: string, name: string): bigint[] {
  const list = new RegExp(`"${name}"\\s*:\\s*\\[([\\d,\\s]*)\\]`).exec(text)?.[1] ?? "";
  return list.split(",").flatMap((digits) => (digits.trim() === "" ? [] : [BigInt(digits.trim())]));
}
