import { useEffect, useRef, useState } from "preact/hooks";
import { useConnection } from "../api/connection.js";
import type { ApiError, Result } from "../api/result.js";
import { useSession } from "../api/session.js";

/** The last answer to a call. */
export interface Loaded<T> {
  /** Kept while later calls fail, so that the page goes on showing it. */
  readonly value?: T;
  /** Why the last call failed. */
  readonly error?: ApiError;
  readonly loading: boolean;
  reload(): void;
}

/** The pause after a call that failed only because the cluster had no leader. */
export const leaderPauseMs = 2_000;

export interface LoadOptions {
  /** Calls again this long after each answer; not while the page is hidden. */
  readonly everyMs?: number;
  /** Makes no calls. */
  readonly paused?: boolean;
}

/**
 * Calls when the component appears and when `dependencies` change; also when the connection is back and after a login.
 * `call` must depend on nothing but `dependencies`.
 */
export function useCall<T>(
  call: (signal: AbortSignal) => Promise<Result<T>>,
  dependencies: readonly unknown[],
  { everyMs, paused = false }: LoadOptions = {},
): Loaded<T> {
  const { generation } = useConnection();
  const { info, token, asking } = useSession();
  const [asked, setAsked] = useState(0);
  const key = JSON.stringify(dependencies);
  const [state, setState] = useState<{ key: string; value?: T; error?: ApiError; loading: boolean }>({
    key,
    loading: true,
  });
  const current = useRef(call);
  current.current = call;
  // Before the member has told whether it wants a login, it would refuse calls without one.
  const stopped = paused || asking || info === undefined;
  useEffect(() => {
    if (stopped) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      const result = await current.current(abort.signal);
      if (abort.signal.aborted) return;
      setState((before) => {
        if (result.ok) return { key, value: result.value, loading: false };
        const kept = before.key === key && before.value !== undefined ? { value: before.value } : {};
        return { key, ...kept, error: result.error, loading: false };
      });
      const pauseMs = !result.ok && result.error.kind === "no-leader" ? leaderPauseMs : everyMs;
      if (pauseMs !== undefined) timer = setTimeout(loadIfVisible, pauseMs);
    };
    const loadIfVisible = (): void => {
      if (!document.hidden) void load();
      else timer = setTimeout(loadIfVisible, 1000);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, generation, token, asked, everyMs, stopped]);
  const reload = (): void => setAsked((count) => count + 1);
  // The answer to another question is not shown.
  if (state.key !== key) return { loading: true, reload };
  const { key: _, ...shown } = state;
  return { ...shown, reload };
}
