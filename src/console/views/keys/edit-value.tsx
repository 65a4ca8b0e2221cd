import { useState } from "preact/hooks";
import type { KeyValue } from "../../api/kv.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Field } from "../../ui/field.js";
import type { Change } from "../change/change-dialog.js";
import { editFormOf, fieldText, typedValue } from "./edit-form.js";

export interface EditValueProps {
  readonly kv: KeyValue;
  onClose(): void;
  onChange(change: Change): void;
}

/** Asks for a new value: as text, or as base64 if that would change more than the user does. The lease stays. */
export function EditValue({ kv, onClose, onChange }: EditValueProps) {
  const form = editFormOf(kv.value);
  const [typed, setTyped] = useState(() => fieldText(kv.value, form));
  const [error, setError] = useState<string>();
  const submit = (event: Event): void => {
    event.preventDefault();
    const value = typedValue(typed, form);
    if (value === undefined) {
      setError("This is not base64.");
      return;
    }
    onClose();
    onChange({ kind: "put", key: kv.key, value, modRevision: kv.modRevision, lease: kv.lease });
  };
  return (
    <Dialog title="Edit the value" wide onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label={form.kind === "base64" ? "Value in base64" : "Value"} error={error}>
          {(id) => (
            <textarea
              id={id}
              rows={16}
              value={typed}
              spellcheck={false}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="row">
          <Button kind="primary" type="submit">
            Review
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
