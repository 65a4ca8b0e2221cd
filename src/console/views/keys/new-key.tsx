import { useState } from "preact/hooks";
import { type Binary, binaryOf, bytesOfTyped, typedForm } from "../../text/binary.js";
import { Button } from "../../ui/button.js";
import { Dialog } from "../../ui/dialog.js";
import { Field } from "../../ui/field.js";
import type { Change } from "../change/change-dialog.js";

export interface NewKeyProps {
  readonly prefix: Binary;
  onClose(): void;
  onChange(change: Change): void;
}

/** Asks for the name and value of a key that does not exist yet. */
export function NewKey({ prefix, onClose, onChange }: NewKeyProps) {
  const [name, setName] = useState(typedForm(prefix));
  const [value, setValue] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    onClose();
    onChange({ kind: "put", key: bytesOfTyped(name), value: binaryOf(value), modRevision: 0, lease: "0" });
  };
  return (
    <Dialog title="New key" wide onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label="Name" hint="Write a byte that is no text as \xNN.">
          {(id) => (
            <input
              id={id}
              class="mono"
              value={name}
              required
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Value">
          {(id) => (
            <textarea
              id={id}
              rows={8}
              value={value}
              spellcheck={false}
              onInput={(event) => setValue(event.currentTarget.value)}
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
