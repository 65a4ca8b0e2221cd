import { useEffect, useRef } from "preact/hooks";
import { createStore, useStore } from "./store.js";

export interface Shortcut {
  /** A key, or two keys one after the other: `r`, `/`, `Escape`, `g c`. */
  readonly keys: string;
  /** Says what the key does, in the list of keys. */
  readonly what: string;
  run(): void;
}

export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

/** How long the first of two keys waits for the second. */
const secondKeyMs = 1_500;

const groups = createStore<readonly ShortcutGroup[]>([]);
let first: { readonly key: string; readonly at: number } | undefined;

/** Offers keys while the component is shown. Later components come first when two want the same key. */
export function useShortcuts(title: string, shortcuts: readonly Shortcut[]): void {
  const current = useRef(shortcuts);
  current.current = shortcuts;
  const names = shortcuts.map(({ keys, what }) => `${keys}=${what}`).join("\n");
  useEffect(() => {
    const group: ShortcutGroup = {
      title,
      shortcuts: current.current.map((shortcut, at) => ({ ...shortcut, run: () => current.current[at]?.run() })),
    };
    groups.update((all) => [group, ...all]);
    return () => groups.update((all) => all.filter((other) => other !== group));
  }, [title, names]);
}

export function useShortcutGroups(): readonly ShortcutGroup[] {
  return useStore(groups);
}

/** Listens to the keyboard of the whole page; returns the function that ends this. */
export function listenToKeys(): () => void {
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  const now = Date.now();
  const both = first !== undefined && now - first.at < secondKeyMs ? `${first.key} ${event.key}` : undefined;
  const all = groups.get().flatMap(({ shortcuts }) => shortcuts);
  const found = all.find(({ keys }) => keys === both) ?? all.find(({ keys }) => keys === event.key);
  first =
    all.some(({ keys }) => keys.startsWith(`${event.key} `)) && found === undefined
      ? { key: event.key, at: now }
      : undefined;
  if (found === undefined) return;
  event.preventDefault();
  found.run();
}

/** Keys that are typed into a field, or while a dialog is open, are no shortcuts. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof Element)) return false;
  if (document.querySelector("dialog[open]") !== null) return true;
  return target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}
