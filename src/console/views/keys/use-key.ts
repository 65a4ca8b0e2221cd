import { useEffect, useState } from "preact/hooks";
import { useConnection } from "../../api/connection.js";
import { type KeyValue, range } from "../../api/kv.js";
import type { ApiError } from "../../api/result.js";
import { useSession } from "../../api/session.js";
import { watch } from "../../api/watch.js";
import { leaderPauseMs } from "../../state/loaded.js";
import type { Binary } from "../../text/binary.js";

/** A key, as it is at this moment. */
export interface ShownKey {
  readonly loading: boolean;
  /** Undefined if there is no such key. */
  readonly kv?: KeyValue;
  readonly error?: ApiError;
  /** The revision at which the key was deleted while it was shown. */
  readonly deletedAt?: number;
  /** Counts the changes that came while the key was shown. */
  readonly changes: number;
}

const nothing: ShownKey = { loading: true, changes: 0 };

/** Reads a key, and follows its changes unless it is shown as of a revision. */
export function useKey(key: Binary, revision: number): ShownKey {
  const { generation } = useConnection();
  const { info, token, asking } = useSession();
  const stopped = asking || info === undefined;
  const [state, setState] = useState<ShownKey>(nothing);
  /** Counts the times that the key must be read anew, since changes of it may have been missed. */
  const [reads, setReads] = useState(0);
  useEffect(() => {
    if (stopped) return;
    const abort = new AbortController();
    const { signal } = abort;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = async (): Promise<void> => {
      const answer = await range({ key, revision }, signal);
      if (signal.aborted) return;
      if (!answer.ok) {
        setState(({ loading: _, ...before }) => ({ ...before, loading: false, error: answer.error }));
        if (answer.error.kind === "no-leader") timer = setTimeout(() => void follow(), leaderPauseMs);
        return;
      }
      const [kv] = answer.value.kvs;
      setState(({ changes }) => ({ loading: false, changes, ...(kv === undefined ? {} : { kv }) }));
      if (revision > 0) return;
      const events = (all: Parameters<Parameters<typeof watch>[1]["events"]>[0]): void => {
        const last = all.at(-1);
        if (last === undefined) return;
        setState(({ changes }) =>
          last.type === "put"
            ? { loading: false, kv: last.kv, changes: changes + all.length }
            : { loading: false, deletedAt: last.kv.modRevision, changes: changes + all.length },
        );
      };
      const compacted = (): void => setReads((count) => count + 1);
      const ended = await watch({ key, startRevision: answer.value.revision + 1 }, { events, compacted }, signal);
      if (!signal.aborted && !ended.ok) setState((before) => ({ ...before, error: ended.error }));
    };
    void follow();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, revision, generation, token, stopped, reads]);
  return state;
}
