import { useState } from "preact/hooks";
import { type MemberState, statistics } from "../../api/console.js";
import { mapResult } from "../../api/result.js";
import { useSession } from "../../api/session.js";
import { useCall } from "../../state/loaded.js";
import { bytesText, countText, millisText, rateText, shareText } from "../../text/format.js";
import { Chart, type ChartProps } from "../../ui/chart.js";
import { Panel } from "../../ui/page.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import { Segments } from "../../ui/tabs.js";
import { type ChartUnit, chartsOf, stretched } from "./charts.js";

const everyMs = 5_000;
const shownSeconds = 900;

/** Small values get a scale of their own, so that nothing looks like much. */
const formats: Readonly<Record<ChartUnit, Pick<ChartProps, "format" | "topLeast">>> = {
  rate: { format: rateText, topLeast: 10 },
  millis: { format: millisText, topLeast: 5 },
  share: { format: shareText, topLeast: 1 },
  bytes: { format: bytesText, topLeast: 1024 },
  count: { format: (value) => countText(Math.round(value)), topLeast: 10 },
};

/** Small charts over the last 15 minutes of one member. */
export function Rates({ members }: { readonly members: readonly MemberState[] }) {
  const { info } = useSession();
  const [chosen, setChosen] = useState<string>();
  const memberId = chosen ?? info?.memberId ?? "0";
  const { value, error, reload } = useCall(
    async (signal) =>
      mapResult(await statistics(memberId, shownSeconds, signal), (told) => stretched(told, shownSeconds)),
    [memberId],
    {
      everyMs,
    },
  );
  return (
    <Panel
      title={
        <>
          Last 15 minutes <span class="muted panel-note">kept in the memory of the member</span>
        </>
      }
      actions={
        members.length > 1 && (
          <Segments
            label="Member"
            options={members.map(({ id, name }) => ({ id, title: name || id }))}
            selected={memberId}
            onSelect={setChosen}
          />
        )
      }
    >
      {error !== undefined && value === undefined && <Failure error={error} retry={reload} />}
      {value === undefined && error === undefined && <Loading rows={4} />}
      {value !== undefined && value.series.length === 0 && (
        <Empty title="This member keeps no statistics" icon="live">
          It may run another version.
        </Empty>
      )}
      {value !== undefined && (
        <div class="charts">
          {chartsOf(value.series).map(({ title, unit, series }) => (
            <Chart
              key={title}
              title={title}
              series={series}
              startMs={value.start * 1000}
              stepMs={value.stepSeconds * 1000}
              {...formats[unit]}
            />
          ))}
        </div>
      )}
    </Panel>
  );
}
