import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../api/result.js";
import { useSession } from "../../api/session.js";
import { watch } from "../../api/watch.js";
import { type Binary, prefixRange } from "../../text/binary.js";
import { EventLog, type LoggedEvent } from "./event-log.js";

/** The page shows new events at most this often, however many arrive. */
const showEveryMs = 100;

/** A watch as the page shows it. */
export interface LiveLog {
  /** Oldest first. */
  readonly events: readonly LoggedEvent[];
  readonly total: number;
  readonly dropped: number;
  readonly watching: boolean;
  /** Why the server ended the watch. */
  readonly error: ApiError | undefined;
  /** Events up to this revision were compacted while the connection was lost; undefined when none were. */
  readonly lostUpTo: number | undefined;
  /** Events of each of the last 60 seconds. */
  rates(nowMs: number): readonly number[];
  clear(): void;
  retry(): void;
}

type Counts = Pick<LiveLog, "events" | "total" | "dropped">;

const nothing: Counts = { events: [], total: 0, dropped: 0 };

/** Watches all keys of a prefix while the component is shown. */
export function useLiveLog(prefix: Binary): LiveLog {
  const log = useRef(new EventLog());
  const [counts, setCounts] = useState(nothing);
  const [watching, setWatching] = useState(false);
  const [error, setError] = useState<ApiError>();
  const [lostUpTo, setLostUpTo] = useState<number>();
  const [attempt, setAttempt] = useState(0);
  const { token, asking } = useSession();
  useEffect(() => {
    log.current.clear();
    setCounts(nothing);
    setWatching(false);
    setError(undefined);
    setLostUpTo(undefined);
    if (asking) return;
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (): void => {
      timer = undefined;
      setCounts(countsOf(log.current));
    };
    const listener = {
      created: () => setWatching(true),
      events: (events: Parameters<EventLog["add"]>[0]) => {
        log.current.add(events, Date.now());
        timer ??= setTimeout(show, showEveryMs);
      },
      compacted: (revision: number) => setLostUpTo(revision - 1),
    };
    void watch({ ...prefixRange(prefix), prevKv: true }, listener, end.signal).then((ended) => {
      if (end.signal.aborted || ended.ok) return;
      setWatching(false);
      setError(ended.error);
    });
    return () => {
      end.abort();
      clearTimeout(timer);
    };
  }, [prefix, token, asking, attempt]);
  return {
    ...counts,
    watching,
    error,
    lostUpTo,
    rates: (nowMs) => log.current.rates(nowMs),
    clear: () => {
      log.current.clear();
      setCounts(nothing);
    },
    retry: () => setAttempt((count) => count + 1),
  };
}

function countsOf({ events, total, dropped }: EventLog): Counts {
  return { events, total, dropped };
}
