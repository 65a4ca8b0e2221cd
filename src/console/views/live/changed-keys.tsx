import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { href } from "../../state/route.js";
import { counted, countText } from "../../text/format.js";
import { Badge, type Tone } from "../../ui/badge.js";
import { IconButton } from "../../ui/button.js";
import { Diff } from "../../ui/diff.js";
import { Facts } from "../../ui/facts.js";
import { KeyText } from "../../ui/key-text.js";
import { Panel } from "../../ui/page.js";
import { Empty } from "../../ui/states.js";
import { ValuePreview } from "../../ui/value-preview.js";
import { VirtualList } from "../../ui/virtual-list.js";
import type { Compared, KeyChange } from "./key-changes.js";

/** The height of a row in CSS pixels, as in view-live.css. */
const rowHeight = 52;

const tones: Readonly<Record<KeyChange["kind"], Tone>> = {
  created: "good",
  changed: "accent",
  deleted: "bad",
  "came and went": "neutral",
  rewritten: "neutral",
};

/** The keys that changed between two revisions, and one of them in detail. */
export function ChangedKeys({ compared }: { readonly compared: Compared }): VNode {
  const [selected, setSelected] = useState<KeyChange>();
  const { changes, events, stopped, from, to } = compared;
  if (changes.length === 0) {
    return <Empty title="Nothing changed">{`No key was changed after revision ${from} up to ${to}.`}</Empty>;
  }
  return (
    <div class="stack">
      <p role="status">
        {counted(changes.length, "key")} changed by {counted(events, "event")} after revision {countText(from)}, up to
        revision {countText(to)}.
        {stopped && " There are more: the comparison stopped at its bound. Choose a longer prefix."}
      </p>
      <div class={selected === undefined ? "panes" : "panes open"}>
        <VirtualList
          label="Changed keys"
          rows={changes.length}
          rowHeight={rowHeight}
          render={(index) => {
            const change = changes[index];
            return change === undefined ? null : (
              <ChangeRow
                key={change.key}
                change={change}
                selected={change === selected}
                onSelect={() => setSelected(change)}
              />
            );
          }}
        />
        {selected !== undefined && (
          <ChangeDetails change={selected} compared={compared} onClose={() => setSelected(undefined)} />
        )}
      </div>
    </div>
  );
}

function ChangeRow({
  change,
  selected,
  onSelect,
}: {
  readonly change: KeyChange;
  readonly selected: boolean;
  readonly onSelect: () => void;
}): VNode {
  return (
    // biome-ignore lint/a11y/useSemanticElements: the frame of the virtual list is no <ul>
    <div role="listitem">
      <button type="button" class="list-row" aria-current={selected} onClick={onSelect}>
        <span class="row">
          <Badge tone={tones[change.kind]}>{change.kind}</Badge>
          <span class="grow ellipsis">
            <KeyText value={change.key} />
          </span>
          <span class="num muted">{countText(change.lastRevision)}</span>
        </span>
        <span class="row muted">
          <span class="num list-note">{counted(change.changes, "event")}</span>
          <span class="grow ellipsis">{change.after !== undefined && <ValuePreview value={change.after} />}</span>
        </span>
      </button>
    </div>
  );
}

function ChangeDetails({
  change,
  compared: { from, to },
  onClose,
}: {
  readonly change: KeyChange;
  readonly compared: Compared;
  readonly onClose: () => void;
}): VNode {
  const { key, before, after } = change;
  return (
    <Panel title="Change" actions={<IconButton icon="close" label="Close the change" onClick={onClose} />}>
      <div class="stack">
        <Facts
          items={[
            { name: "Key", value: <KeyText value={key} /> },
            { name: "Change", value: <Badge tone={tones[change.kind]}>{change.kind}</Badge> },
            { name: "Last revision", value: <span class="num">{countText(change.lastRevision)}</span> },
          ]}
        />
        <p class="row">
          {before !== undefined && <a href={href("keys", { key, revision: from })}>At revision {countText(from)}</a>}
          {after !== undefined && <a href={href("keys", { key, revision: to })}>At revision {countText(to)}</a>}
        </p>
        <Diff before={before} after={after} />
      </div>
    </Panel>
  );
}
