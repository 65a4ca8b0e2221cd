import { members as askMembers, type MemberState } from "../api/console.js";
import type { ApiError, Result } from "../api/result.js";
import { createStore, useStore } from "./store.js";

/** The members as they were last told. The page needs them when the member that serves it does not answer. */
interface KnownMembers {
  readonly members: readonly MemberState[];
  /** Why the last question was not answered. */
  readonly error?: ApiError;
}

const known = createStore<KnownMembers>({ members: [] });

export function useMembers(): KnownMembers {
  return useStore(known);
}

export function useMemberList(): readonly MemberState[] {
  return useMembers().members;
}

/** Asks for the members, and remembers them. */
export async function loadMembers(signal?: AbortSignal): Promise<Result<readonly MemberState[]>> {
  const answer = await askMembers(signal);
  if (answer.ok) known.set({ members: answer.value });
  else if (answer.error.kind !== "aborted") known.update(({ members }) => ({ members, error: answer.error }));
  return answer;
}

/** The leader that the members name in the newest term that they know; undefined without one. */
export function leaderOf(members: readonly MemberState[]): MemberState | undefined {
  const reached = members.filter((member) => member.reached);
  const newest = Math.max(0, ...reached.map(({ term }) => term));
  const named = reached.filter(({ term, leader }) => term === newest && leader !== "0").map(({ leader }) => leader);
  return members.find(({ id }) => named.includes(id));
}
