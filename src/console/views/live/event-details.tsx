import type { VNode } from "preact";
import { href } from "../../state/route.js";
import { clockText, countText, hexId } from "../../text/format.js";
import { IconButton } from "../../ui/button.js";
import { Diff } from "../../ui/diff.js";
import { Facts } from "../../ui/facts.js";
import { KeyText } from "../../ui/key-text.js";
import { Panel } from "../../ui/page.js";
import type { LoggedEvent } from "./event-log.js";
import { EventBadge } from "./event-row.js";

/** One event with the change of the value, and the way to the key as it was then. */
export function EventDetails({ event, onClose }: { readonly event: LoggedEvent; readonly onClose: () => void }): VNode {
  const { kv, prevKv, type, atMs } = event;
  // After a deletion the key can be seen at the revision before.
  const revision = type === "delete" ? kv.modRevision - 1 : kv.modRevision;
  const lease = type === "delete" ? "0" : kv.lease;
  return (
    <Panel title="Event" actions={<IconButton icon="close" label="Close the event" onClick={onClose} />}>
      <div class="stack">
        <Facts
          items={[
            { name: "Key", value: <KeyText value={kv.key} /> },
            { name: "Change", value: <EventBadge event={event} /> },
            { name: "Revision", value: <span class="num">{countText(kv.modRevision)}</span> },
            { name: "Arrived", value: <time class="num">{clockText(atMs)}</time> },
            ...(type === "put" ? [{ name: "Version", value: <span class="num">{countText(kv.version)}</span> }] : []),
            ...(lease === "0"
              ? []
              : [{ name: "Lease", value: <a href={href("leases", { lease })}>{hexId(lease)}</a> }]),
          ]}
        />
        <p>
          <a href={href("keys", { key: kv.key, revision })}>
            {type === "delete" ? "The key before it was deleted" : "The key at this revision"}
          </a>
        </p>
        <Diff before={prevKv?.value} after={type === "put" ? kv.value : undefined} />
      </div>
    </Panel>
  );
}
