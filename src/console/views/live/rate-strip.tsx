import type { VNode } from "preact";
import { useNow } from "../../state/clock.js";
import { countText, rateText } from "../../text/format.js";
import { rateSeconds } from "./event-log.js";
import type { LiveLog } from "./live-log.js";

/** Over how many seconds the current rate is taken. */
const currentSeconds = 5;

/** How many events arrive now, and a bar for each second of the last minute. */
export function RateStrip({ log }: { readonly log: LiveLog }): VNode {
  const rates = log.rates(useNow());
  const most = Math.max(1, ...rates);
  const current = rates.slice(-currentSeconds).reduce((sum, rate) => sum + rate, 0) / currentSeconds;
  return (
    <div class="rate-strip">
      <p title={`Mean of the last ${currentSeconds} seconds`}>
        <strong class="num">{rateText(current)}</strong> <span class="muted">events/s</span>
      </p>
      <svg
        role="img"
        aria-label={`Events in each second of the last minute, at most ${countText(Math.max(...rates))}`}
        viewBox={`0 0 ${rateSeconds} 1`}
        preserveAspectRatio="none"
      >
        {rates.map((rate, at) => {
          const height = rate / most;
          return rate === 0 ? null : <rect key={at} x={at + 0.1} y={1 - height} width={0.8} height={height} />;
        })}
      </svg>
      <p class="muted num">last minute, at most {countText(Math.max(...rates))}/s</p>
    </div>
  );
}
