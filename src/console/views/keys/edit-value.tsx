import { useState } from "preact/hooks";
import type { KeyValue } from "../../api/kv.js";
import { type Binary, binaryOf, fromBase64, textOf, toBase64 } from "../../text/binary.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Field } from "../../ui/field.js";
import type { Change } from "../change/change-dialog.js";

export interface EditValueProps {
  readonly kv: KeyValue;
  onClose(): void;
  onChange(change: Change): void;
}

/** Asks for a new value: as text, or as base64 if the value is no text. The lease stays. */
export function EditValue({ kv, onClose, onChange }: EditValueProps) {
  const text = textOf(kv.value);
  const [typed, setTyped] = useState(text ?? toBase64(kv.value));
  const [error, setError] = useState<string>();
  const submit = (event: Event): void => {
    event.preventDefault();
    const value = text === undefined ? bytesOfBase64(typed) : binaryOf(typed);
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
        <Field label={text === undefined ? "Value in base64" : "Value"} error={error}>
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

function bytesOfBase64(typed: string): Binary | undefined {
  const plain = typed.replace(/\s+/g, "");
  const bytes = fromBase64(plain);
  return bytes === "" && plain !== "" ? undefined : bytes;
}
