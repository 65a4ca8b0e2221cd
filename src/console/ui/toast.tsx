import { createStore, useStore } from "../state/store.js";
import type { Tone } from "./badge.js";
import { IconButton } from "./button.js";

export interface ToastOptions {
  readonly tone?: Tone;
  /** A button in the message. */
  readonly action?: { readonly title: string; run(): void };
}

interface Toast extends ToastOptions {
  readonly id: number;
  readonly text: string;
}

const shownMs = 6_000;
const shownMost = 4;
const toasts = createStore<readonly Toast[]>([]);
let lastId = 0;

/** Tells something in the corner of the page for a few seconds. */
export function toast(text: string, options: ToastOptions = {}): void {
  const id = ++lastId;
  toasts.update((all) => [...all.slice(1 - shownMost), { ...options, id, text }]);
  setTimeout(() => close(id), shownMs);
}

export function Toasts() {
  const all = useStore(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {all.map(({ id, text, tone = "neutral", action }) => (
        <div key={id} class={`toast ${tone}`}>
          <span class="grow">{text}</span>
          {action && (
            <button
              class="link"
              type="button"
              onClick={() => {
                close(id);
                action.run();
              }}
            >
              {action.title}
            </button>
          )}
          <IconButton icon="close" label="Close message" onClick={() => close(id)} />
        </div>
      ))}
    </div>
  );
}

function close(id: number): void {
  toasts.update((all) => all.filter((one) => one.id !== id));
}
