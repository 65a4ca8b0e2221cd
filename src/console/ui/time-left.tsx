import { useEffect, useState } from "preact/hooks";
import { useNow } from "../state/clock.js";
import { durationText } from "../text/format.js";

/** Counts seconds down. Starts again when `seconds` is read anew: pass the moment of reading as `at`. */
export function TimeLeft({ seconds, at }: { readonly seconds: number; readonly at?: number }) {
  const now = useNow();
  const [start, setStart] = useState(() => at ?? Date.now());
  useEffect(() => setStart(at ?? Date.now()), [seconds, at]);
  const left = seconds - Math.max(0, now - start) / 1000;
  return <span class="num">{left <= 0 ? "expired" : durationText(left)}</span>;
}
