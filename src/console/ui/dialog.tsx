import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "./button.js";

export interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Buttons below. */
  readonly footer?: ComponentChildren;
  readonly wide?: boolean;
  /** Absent for a dialog that must be answered. */
  onClose?(): void;
}

/** A dialog over the page. The browser keeps the focus in it, and gives it back afterwards. */
export function Dialog({ title, children, footer, wide = false, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const onCancel = (event: Event): void => {
    event.preventDefault();
    onClose?.();
  };
  return (
    <dialog class={wide ? "dialog wide" : "dialog"} ref={dialog} aria-labelledby={id} onCancel={onCancel}>
      <header>
        <h2 id={id} class="grow">
          {title}
        </h2>
        {onClose && <IconButton icon="close" label="Close" onClick={onClose} />}
      </header>
      <div class="dialog-body">{children}</div>
      {footer && <footer>{footer}</footer>}
    </dialog>
  );
}
