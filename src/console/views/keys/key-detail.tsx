import { useState } from "preact/hooks";
import type { KeyValue } from "../../api/kv.js";
import { mayWrite, useSession } from "../../api/session.js";
import { href } from "../../state/route.js";
import { type Binary, shownKey } from "../../text/binary.js";
import { countText } from "../../text/format.js";
import { Badge } from "../../ui/badge.js";
import { Button, IconButton } from "../../ui/button.js";
import { CopyButton } from "../../ui/copy-button.js";
import { KeyText } from "../../ui/key-text.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import { Tabs } from "../../ui/tabs.js";
import type { Change } from "../change/change-dialog.js";
import { CopyMenu } from "./copy-menu.js";
import { EditValue } from "./edit-value.js";
import { KeyFacts } from "./key-facts.js";
import { KeyHistory } from "./key-history.js";
import { useGo } from "./places.js";
import { type ShownKey, useKey } from "./use-key.js";
import { ValueView } from "./value-view.js";

export interface KeyDetailProps {
  readonly name: Binary;
  /** 0 for the current revision. */
  readonly revision: number;
  onChange(change: Change): void;
}

/** A key: its value, what is known of it, its lease, its history. */
export function KeyDetail({ name, revision, onChange }: KeyDetailProps) {
  const go = useGo();
  const shown = useKey(name, revision);
  const [tab, setTab] = useState("value");
  const { kv } = shown;
  return (
    <article class="key-detail">
      <header class="key-head">
        <IconButton icon="back" label="Back to the tree (Escape)" onClick={() => go({ key: undefined })} />
        <h2 class="grow wrap">
          <KeyText value={name} />
          <CopyButton text={shownKey(name)} label="Copy the name" />
        </h2>
        <Actions name={name} revision={revision} kv={kv} onChange={onChange} />
      </header>
      {revision > 0 && (
        <p class="notice">
          As of revision <strong class="num">{countText(revision)}</strong>.{" "}
          <button class="link" type="button" onClick={() => go({ revision: 0 })}>
            Show the current value
          </button>
        </p>
      )}
      {shown.error && <Failure error={shown.error} />}
      {shown.loading && <Loading rows={5} />}
      {kv === undefined && !shown.loading && shown.error === undefined && <NoKey shown={shown} revision={revision} />}
      {kv && <KeyFacts kv={kv} changes={shown.changes} />}
      {shown.error?.kind !== "denied" && (
        <Tabs
          label="Parts of the key"
          tabs={[
            { id: "value", title: "Value" },
            { id: "history", title: "History" },
          ]}
          selected={tab}
          onSelect={setTab}
        />
      )}
      {tab === "value" && kv && <ValueView value={kv.value} />}
      {tab === "history" && (
        <KeyHistory name={name} revision={revision} newest={kv?.modRevision ?? shown.deletedAt ?? 0} />
      )}
    </article>
  );
}

function NoKey({ shown, revision }: { readonly shown: ShownKey; readonly revision: number }) {
  if (shown.deletedAt !== undefined) {
    return (
      <Empty title={`Deleted at revision ${countText(shown.deletedAt)}`} icon="trash">
        This happened while the page showed the key. Its history may still be kept.
      </Empty>
    );
  }
  const when = revision > 0 ? ` at revision ${countText(revision)}` : "";
  return (
    <Empty title={`There is no such key${when}`} icon="key">
      If it is written, it appears here.
    </Empty>
  );
}

interface ActionsProps {
  readonly name: Binary;
  readonly revision: number;
  readonly kv: KeyValue | undefined;
  onChange(change: Change): void;
}

function Actions({ name, revision, kv, onChange }: ActionsProps) {
  const writes = mayWrite(useSession()) && revision === 0 && kv !== undefined;
  const [editing, setEditing] = useState<KeyValue>();
  return (
    <div class="row key-actions">
      {revision > 0 && <Badge tone="warn">past</Badge>}
      <a class="button plain" href={href("live", { prefix: name })}>
        Watch
      </a>
      <CopyMenu target={{ key: name, revision: revision || undefined }} value={kv?.value} />
      {writes && (
        <Button icon="edit" onClick={() => setEditing(kv)}>
          Edit
        </Button>
      )}
      {writes && (
        <Button
          kind="danger"
          icon="trash"
          onClick={() => onChange({ kind: "delete", key: name, modRevision: kv.modRevision })}
        >
          Delete
        </Button>
      )}
      {editing && <EditValue kv={editing} onClose={() => setEditing(undefined)} onChange={onChange} />}
    </div>
  );
}
