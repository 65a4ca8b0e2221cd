import type { Clock } from "../../base/index.js";

/** Asks with a signal that aborts when the answer takes longer than that. */
export async function within<Answer>(
  clock: Clock,
  ms: number,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const patience = new AbortController();
  const timer = clock.after(ms, () => patience.abort());
  try {
    return await ask(patience.signal);
  } finally {
    timer.cancel();
  }
}
