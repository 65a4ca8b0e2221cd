import type { ComponentChildren, Ref } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./icon.js";

export interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  /** The control, with this id. */
  children(id: string): ComponentChildren;
}

/** A labelled control of a form. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
      {hint && <p class="hint">{hint}</p>}
      {error && (
        <p class="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

export interface SearchFieldProps {
  /** For screen readers; the placeholder is what others see. */
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly inputRef?: Ref<HTMLInputElement>;
  /** The key that leads here, shown at the end. */
  readonly keyHint?: string;
  onInput(value: string): void;
  onSubmit?(): void;
}

export function SearchField({ label, value, placeholder, inputRef, keyHint, onInput, onSubmit }: SearchFieldProps) {
  return (
    <form
      class="search-field"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit?.();
      }}
    >
      <Icon name="search" />
      <input
        type="search"
        ref={inputRef ?? null}
        aria-label={label}
        placeholder={placeholder}
        value={value}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {keyHint && value === "" && <kbd>{keyHint}</kbd>}
    </form>
  );
}
