import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { shownKey } from "../../text/binary.js";
import { counted, countText } from "../../text/format.js";
import { SearchField } from "../../ui/field.js";
import { Page } from "../../ui/page.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import type { View } from "../view.js";
import { QueuePanel } from "./queue-panel.js";
import { type Queues, useQueues } from "./use-queues.js";
import { useRevisionTimes } from "./use-revision-times.js";

export const locksView: View = {
  path: "locks",
  title: "Locks",
  icon: "lock",
  key: "o",
  component: LocksView,
};

/** Locks and elections: who holds them, who waits, since when. */
function LocksView(): VNode {
  const [wanted, setWanted] = useState("");
  const { value, error, reload } = useQueues();
  const times = useRevisionTimes();
  const found = value?.queues.filter(({ name }) => shownKey(name).toLowerCase().includes(wanted.toLowerCase()));
  return (
    <Page
      title="Locks and elections"
      lead="Sessions queue up by writing a key with their lease. The oldest key holds the lock or leads."
      actions={<SearchField label="Filter by name" placeholder="Filter by name" value={wanted} onInput={setWanted} />}
    >
      {error !== undefined && <Failure error={error} retry={reload} />}
      {value === undefined && error === undefined && <Loading rows={6} />}
      {value !== undefined && <Notices queues={value} />}
      {found !== undefined && found.length === 0 && (
        <Empty title={value?.queues.length === 0 ? "Nobody holds a lock" : "No name contains this"} icon="lock">
          {value?.queues.length === 0 && (
            <>
              <code>etcdctl lock backup</code> takes one, and <code>etcdctl elect office me</code> wins an election.
            </>
          )}
        </Empty>
      )}
      <div class="queues">
        {found?.map((queue) => (
          <QueuePanel key={queue.name} queue={queue} times={times} />
        ))}
      </div>
    </Page>
  );
}

function Notices({ queues: { unread, unknown, skipped, more } }: { readonly queues: Queues }): VNode {
  return (
    <>
      {unknown > 0 && (
        <p class="muted" role="status">
          Looking at leases: {countText(unknown)} to go.
        </p>
      )}
      {skipped > 0 && <p class="notice warn">{counted(skipped, "lease")} beyond the first 5,000 are not looked at.</p>}
      {more > 0 && <p class="notice warn">{countText(more)} further names are not shown.</p>}
      {unread.length > 0 && (
        <p class="notice">
          {counted(unread.length, "name")} cannot be shown, because there are too many keys below them or this user may
          not read them: {unread.map(shownKey).join(", ")}
        </p>
      )}
    </>
  );
}
