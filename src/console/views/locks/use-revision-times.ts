import { statistics } from "../../api/console.js";
import { mapResult } from "../../api/result.js";
import { useCall } from "../../state/loaded.js";
import type { RevisionTimes } from "./revision-times.js";

const refreshMs = 15_000;
/** As far back as a member remembers. */
const sinceSeconds = 900;
const ownMember = "0";

/** The revisions of the last quarter of an hour; undefined when the member does not tell. */
export function useRevisionTimes(): RevisionTimes | undefined {
  const { value } = useCall(
    async (signal) =>
      mapResult(await statistics(ownMember, sinceSeconds, signal), ({ start, stepSeconds, series }) => {
        const revisions = series.find(({ name }) => name === "revision")?.values;
        return revisions && { startMs: start * 1_000, stepMs: stepSeconds * 1_000, revisions };
      }),
    [],
    { everyMs: refreshMs },
  );
  return value;
}
