import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { range } from "../../api/kv.js";
import { mapResult } from "../../api/result.js";
import { useCall } from "../../state/loaded.js";
import { prefixRange } from "../../text/binary.js";
import { countText } from "../../text/format.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Field } from "../../ui/field.js";
import { Failure, Loading } from "../../ui/states.js";
import { ChangeDialog } from "./change-dialog.js";

/** How many revisions are kept unless the user says otherwise. */
const usuallyKept = 1_000;

/** Offers to remove old revisions: asks up to which one, then for the confirmation. */
export function CompactButton(): VNode {
  const [step, setStep] = useState<"none" | "asking" | number>("none");
  const close = (): void => setStep("none");
  return (
    <>
      <Button onClick={() => setStep("asking")}>Compact</Button>
      {step === "asking" && <RevisionDialog onClose={close} onRevision={setStep} />}
      {typeof step === "number" && (
        <ChangeDialog change={{ kind: "compact", revision: step }} onClose={close} onDone={close} />
      )}
    </>
  );
}

function RevisionDialog(props: {
  readonly onClose: () => void;
  readonly onRevision: (revision: number) => void;
}): VNode {
  const { value, error, reload } = useCall(
    async (signal) =>
      mapResult(await range({ ...prefixRange(""), countOnly: true }, signal), ({ revision }) => ({ revision })),
    [],
  );
  return (
    <Dialog title="Compact the history" onClose={props.onClose}>
      {value !== undefined && <RevisionForm newest={value.revision} onRevision={props.onRevision} />}
      {value === undefined && (error === undefined ? <Loading rows={2} /> : <Failure error={error} retry={reload} />)}
    </Dialog>
  );
}

function RevisionForm({
  newest,
  onRevision,
}: {
  readonly newest: number;
  readonly onRevision: (revision: number) => void;
}): VNode {
  const [typed, setTyped] = useState(String(Math.max(newest - usuallyKept, 1)));
  const submit = (event: Event): void => {
    event.preventDefault();
    onRevision(Number(typed));
  };
  return (
    <form class="stack" onSubmit={submit}>
      <Field label="Oldest revision to keep" hint={`The newest one is ${countText(newest)}.`}>
        {(id) => (
          <input
            id={id}
            type="number"
            min={1}
            max={newest}
            required
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        )}
      </Field>
      <div>
        <Button kind="primary" type="submit">
          Review
        </Button>
      </div>
    </form>
  );
}
