import type { VNode } from "preact";
import type { WatchEvent } from "../../api/watch.js";
import { clockText, countText } from "../../text/format.js";
import { Badge } from "../../ui/badge.js";
import { KeyText } from "../../ui/key-text.js";
import { ValuePreview } from "../../ui/value-preview.js";
import type { LoggedEvent } from "./event-log.js";

/** An event in the list: what happened to which key, and the new value in one line. */
export function EventRow({
  event,
  selected,
  onSelect,
}: {
  readonly event: LoggedEvent;
  readonly selected: boolean;
  readonly onSelect: () => void;
}): VNode {
  const { kv, atMs } = event;
  return (
    // biome-ignore lint/a11y/useSemanticElements: the frame of the virtual list is no <ul>
    <div role="listitem">
      <button type="button" class="list-row" aria-current={selected} onClick={onSelect}>
        <span class="row">
          <EventBadge event={event} />
          <span class="grow ellipsis">
            <KeyText value={kv.key} />
          </span>
          <span class="num muted">{countText(kv.modRevision)}</span>
        </span>
        <span class="row muted">
          <time class="num">{clockText(atMs)}</time>
          <span class="grow ellipsis">{event.type === "put" && <ValuePreview value={kv.value} />}</span>
        </span>
      </button>
    </div>
  );
}

export function EventBadge({ event }: { readonly event: WatchEvent }): VNode {
  if (event.type === "delete") return <Badge tone="bad">deleted</Badge>;
  return event.kv.version === 1 ? <Badge tone="good">created</Badge> : <Badge tone="accent">put</Badge>;
}
