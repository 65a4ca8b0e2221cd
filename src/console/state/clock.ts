import { useEffect, useState } from "preact/hooks";
import { createStore } from "./store.js";

const now = createStore(Date.now());
let readers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The time in milliseconds, once a second. All readers share one timer. */
export function useNow(): number {
  const [time, setTime] = useState(() => Date.now());
  useEffect(() => {
    readers++;
    timer ??= setInterval(() => now.set(Date.now()), 1000);
    const end = now.subscribe(setTime);
    return () => {
      end();
      readers--;
      if (readers > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return time;
}
