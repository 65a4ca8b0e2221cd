import { createStore, type Store, useStore } from "../state/store.js";

/** Whether the member that serves this page answers. */
export interface Connection {
  readonly reached: boolean;
  /** When the state last changed, in milliseconds. */
  readonly since: number;
  /** When the member is asked next, in milliseconds; only while it does not answer. */
  readonly nextTry?: number;
  /** Counts the times that the connection came back. Whatever is shown is loaded again then. */
  readonly generation: number;
}

export const connection: Store<Connection> = createStore<Connection>({
  reached: true,
  since: Date.now(),
  generation: 0,
});

export function useConnection(): Connection {
  return useStore(connection);
}

const firstPauseMs = 500;
const longestPauseMs = 5_000;

let probe: (() => Promise<boolean>) | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let pauseMs = firstPauseMs;
/** Whether a question is under way: there is one at a time. */
let asking = false;

/** @param ask asks the member for something cheap; resolves with whether it answered */
export function probeWith(ask: () => Promise<boolean>): void {
  probe = ask;
}

/** A call got no answer: the member is asked again and again until it answers. */
export function connectionLost(): void {
  if (timer !== undefined) return;
  pauseMs = firstPauseMs;
  connection.update((current) => (current.reached ? { ...current, reached: false, since: Date.now() } : current));
  waitAndProbe();
}

/** The member answered. */
export function connectionWorks(): void {
  const current = connection.get();
  if (current.reached) return;
  clearTimeout(timer);
  timer = undefined;
  connection.set({ reached: true, since: Date.now(), generation: current.generation + 1 });
}

/** Asks the member at once, instead of at the end of the pause. */
export function probeNow(): void {
  if (connection.get().reached) return;
  clearTimeout(timer);
  void ask();
}

function waitAndProbe(): void {
  timer = setTimeout(() => void ask(), pauseMs);
  connection.update((current) => ({ ...current, nextTry: Date.now() + pauseMs }));
  pauseMs = Math.min(longestPauseMs, pauseMs * 2);
}

async function ask(): Promise<void> {
  if (asking) return;
  asking = true;
  const answered = (await probe?.()) ?? false;
  asking = false;
  if (connection.get().reached) return;
  if (answered) connectionWorks();
  else waitAndProbe();
}
