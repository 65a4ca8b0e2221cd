import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ApiError } from "../../api/result.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { type Binary, shownKey } from "../../text/binary.js";
import { countText } from "../../text/format.js";
import { Button } from "../../ui/button.js";
import { SearchField } from "../../ui/field.js";
import { Empty, Failure } from "../../ui/states.js";
import { Segments } from "../../ui/tabs.js";
import { VirtualList } from "../../ui/virtual-list.js";
import { EventDetails } from "./event-details.js";
import { type EventFilter, filtered, type LoggedEvent } from "./event-log.js";
import { EventRow } from "./event-row.js";
import type { LiveLog } from "./live-log.js";
import { RateStrip } from "./rate-strip.js";

/** The height of a row in CSS pixels, as in view-live.css. */
const rowHeight = 52;

/** The events of a prefix, newest first. */
export function Events({ prefix, log }: { readonly prefix: Binary; readonly log: LiveLog }): VNode {
  const [filter, setFilter] = useState<EventFilter>({ text: "", type: "all" });
  const [selected, setSelected] = useState<LoggedEvent>();
  const { frozen, toggle } = usePause(log);
  const events = filtered(frozen ?? log.events, filter, shownKey).toReversed();
  const move = (by: number): void => {
    const at = selected === undefined ? -1 : events.indexOf(selected);
    setSelected(events[Math.min(Math.max(at + by, 0), events.length - 1)]);
  };
  useShortcuts("Live", [
    { keys: "p", what: "Pause or go on", run: toggle },
    { keys: "x", what: "Clear the list", run: log.clear },
    { keys: "j", what: "Next event", run: () => move(1) },
    { keys: "k", what: "Previous event", run: () => move(-1) },
  ]);
  if (log.error !== undefined) return <WatchFailure error={log.error} log={log} />;
  return (
    <div class="stack">
      <RateStrip log={log} />
      <Controls filter={filter} onFilter={setFilter} log={log} frozen={frozen} onToggle={toggle} />
      <div class={selected === undefined ? "panes" : "panes open"}>
        {events.length === 0 ? (
          <Nothing log={log} filter={filter} prefix={prefix} />
        ) : (
          <VirtualList
            label="Events, newest first"
            rows={events.length}
            rowHeight={rowHeight}
            render={(index) => {
              const event = events[index];
              return event === undefined ? null : (
                <EventRow event={event} selected={event === selected} onSelect={() => setSelected(event)} />
              );
            }}
          />
        )}
        {selected !== undefined && <EventDetails event={selected} onClose={() => setSelected(undefined)} />}
      </div>
      {log.lostUpTo !== undefined && (
        <p class="notice warn" role="status">
          Events up to revision {countText(log.lostUpTo)} were compacted while the connection was lost.
        </p>
      )}
      {log.dropped > 0 && <p class="muted">{countText(log.dropped)} older events are no longer kept on this page.</p>}
    </div>
  );
}

/** A pause freezes the list. The watch goes on, and its events are there when the pause ends. */
function usePause(log: LiveLog): { readonly frozen: readonly LoggedEvent[] | undefined; readonly toggle: () => void } {
  const [frozen, setFrozen] = useState<readonly LoggedEvent[]>();
  return { frozen, toggle: () => setFrozen((before) => (before === undefined ? log.events : undefined)) };
}

interface ControlsProps {
  readonly filter: EventFilter;
  readonly onFilter: (filter: EventFilter) => void;
  readonly log: LiveLog;
  /** The events that are shown during a pause. */
  readonly frozen: readonly LoggedEvent[] | undefined;
  readonly onToggle: () => void;
}

function Controls({ filter, onFilter, log, frozen, onToggle }: ControlsProps): VNode {
  const newest = frozen?.at(-1);
  const missed = frozen === undefined ? 0 : log.events.length - 1 - log.events.lastIndexOf(newest as LoggedEvent);
  return (
    <div class="row live-controls">
      <SearchField
        label="Filter by key"
        placeholder="Filter by key"
        value={filter.text}
        onInput={(text) => onFilter({ ...filter, text })}
      />
      <Segments
        label="Kind of change"
        options={[
          { id: "all", title: "All" },
          { id: "put", title: "Puts" },
          { id: "delete", title: "Deletions" },
        ]}
        selected={filter.type}
        onSelect={(type) => onFilter({ ...filter, type: type as EventFilter["type"] })}
      />
      <span class="grow" />
      <Button icon={frozen === undefined ? "pause" : "play"} onClick={onToggle}>
        {frozen === undefined ? "Pause" : missed === 0 ? "Go on" : `Go on (${countText(missed)} new)`}
      </Button>
      <Button kind="quiet" onClick={log.clear}>
        Clear
      </Button>
    </div>
  );
}

function Nothing({
  log,
  filter,
  prefix,
}: {
  readonly log: LiveLog;
  readonly filter: EventFilter;
  readonly prefix: Binary;
}): VNode {
  if (log.events.length > 0 && (filter.text !== "" || filter.type !== "all")) {
    return <Empty title="No event passes the filter">{countText(log.events.length)} events are hidden.</Empty>;
  }
  if (!log.watching) return <Empty title="Opening the watch">The member has not confirmed it yet.</Empty>;
  return (
    <Empty title="Waiting for changes">
      {prefix === "" ? "Whatever is put or deleted" : `Whatever is put or deleted below ${shownKey(prefix)}`} appears
      here, for example after{" "}
      <code>etcdctl put {prefix === "" ? "greeting" : `${shownKey(prefix)}greeting`} hello</code>.
    </Empty>
  );
}

function WatchFailure({ error, log }: { readonly error: ApiError; readonly log: LiveLog }): VNode {
  if (/permission denied/.test(error.message)) {
    return <Empty title="You may not watch these keys">Type a prefix above that you may read.</Empty>;
  }
  return <Failure error={error} retry={log.retry} />;
}
