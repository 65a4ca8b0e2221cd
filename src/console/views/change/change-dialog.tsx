import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Change, KeyChangeRequest } from "../../api/changes.js";
import { type KeyValue, range } from "../../api/kv.js";
import { mapResult } from "../../api/result.js";
import { useCall } from "../../state/loaded.js";
import { Button } from "../../ui/button.js";
import { Code } from "../../ui/copy-button.js";
import { Dialog } from "../../ui/dialog.js";
import { Diff } from "../../ui/diff.js";
import { Facts } from "../../ui/facts.js";
import { KeyText } from "../../ui/key-text.js";
import { Failure, Loading } from "../../ui/states.js";
import { ValuePreview } from "../../ui/value-preview.js";
import { commandOf } from "./command-line.js";
import { ConfirmationButtons, useConfirmation } from "./confirmation.js";
import { LeaderNotice, useOtherLeader } from "./leader-notice.js";
import { textsOf } from "./texts.js";

export type { Change } from "../../api/changes.js";

interface ChangeDialogProps {
  readonly change: Change;
  readonly onClose: () => void;
  /** Called after the change was made. */
  readonly onDone: () => void;
}

/** Shows what a change does and the command line that does the same, and makes it after a second click. */
export function ChangeDialog({ change, onClose, onDone }: ChangeDialogProps): VNode {
  const otherLeader = useOtherLeader();
  if ("modRevision" in change) return <KeyChangeDialog change={change} onClose={onClose} onDone={onDone} />;
  if (change.kind === "move-leader" && otherLeader !== undefined) {
    return (
      <Dialog title={textsOf(change).title} onClose={onClose}>
        <LeaderNotice leader={otherLeader} />
      </Dialog>
    );
  }
  return <Confirmation change={change} onClose={onClose} onDone={onDone} />;
}

/** A change of a key is shown against the key as it is now. If that is not what the user saw, he must look again. */
function KeyChangeDialog(props: ChangeDialogProps & { readonly change: KeyChangeRequest }): VNode {
  const { change, onClose } = props;
  const [seen, setSeen] = useState(change.modRevision);
  const { value, error, reload } = useCall((signal) => currentOf(change, signal), [change.key]);
  if (value === undefined) {
    return (
      <Dialog title={textsOf(change).title} onClose={onClose}>
        {error === undefined ? <Loading rows={3} /> : <Failure error={error} retry={reload} />}
      </Dialog>
    );
  }
  const now = value.kv?.modRevision ?? 0;
  const confirmed: KeyChangeRequest = { ...change, modRevision: seen };
  return (
    <Confirmation {...props} change={confirmed} stale={now !== seen} onChanged={reload}>
      {now === seen ? (
        <Seen change={confirmed} current={value.kv} />
      ) : (
        <StaleNotice seen={seen} current={value.kv} onAccept={() => setSeen(now)} />
      )}
    </Confirmation>
  );
}

async function currentOf({ key }: KeyChangeRequest, signal: AbortSignal) {
  const read = await range({ key }, signal);
  return mapResult(read, ({ kvs: [kv] }) => ({ kv }));
}

function Seen({
  change,
  current,
}: {
  readonly change: KeyChangeRequest;
  readonly current: KeyValue | undefined;
}): VNode {
  return (
    <>
      <Facts
        items={[
          { name: "Key", value: <KeyText value={change.key} /> },
          { name: "You saw", value: change.modRevision === 0 ? "no such key" : `revision ${change.modRevision}` },
        ]}
      />
      <Diff before={current?.value} after={change.kind === "put" ? change.value : undefined} />
    </>
  );
}

function StaleNotice({
  seen,
  current,
  onAccept,
}: {
  readonly seen: number;
  readonly current: KeyValue | undefined;
  readonly onAccept: () => void;
}): VNode {
  const before = seen === 0 ? "did not exist" : `was at revision ${seen}`;
  const now = current === undefined ? "does not exist" : `is at revision ${current.modRevision}`;
  return (
    <div class="notice warn stack" role="alert">
      <p>
        Somebody else has changed the key: it {before} when you looked, and {now} now. Nothing was changed.
      </p>
      {current !== undefined && (
        <p class="ellipsis">
          Its value now: <ValuePreview value={current.value} />
        </p>
      )}
      <div>
        <Button onClick={onAccept}>Go on with what is there now</Button>
      </div>
    </div>
  );
}

interface ConfirmationProps extends ChangeDialogProps {
  /** The key is not as the user saw it, so that the change cannot be confirmed. */
  readonly stale?: boolean;
  /** Called when the server found that the key has changed meanwhile. */
  readonly onChanged?: () => void;
  readonly children?: VNode;
}

function Confirmation({ change, stale = false, onChanged, onClose, onDone, children }: ConfirmationProps): VNode {
  const texts = textsOf(change);
  const confirmation = useConfirmation(change, texts, { onClose, onDone, onChanged });
  const { state } = confirmation;
  return (
    <Dialog
      title={texts.title}
      wide={"modRevision" in change}
      onClose={onClose}
      footer={<ConfirmationButtons texts={texts} confirmation={confirmation} stale={stale} onClose={onClose} />}
    >
      <div class="stack change">
        {children}
        {!stale && <p class="muted">{texts.effect}</p>}
        {!stale && (
          <div>
            <h3>The same with etcdctl</h3>
            <Code text={commandOf(change)} />
          </div>
        )}
        {state.kind === "failed" && <Failure error={state.error} />}
      </div>
    </Dialog>
  );
}
