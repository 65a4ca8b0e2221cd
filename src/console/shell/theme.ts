import { createStore, useStore } from "../state/store.js";

/** `system` follows the setting of the operating system. */
export type Theme = "system" | "light" | "dark";

const storageKey = "etcd-console-theme";
const theme = createStore<Theme>(readTheme());

export function useTheme(): Theme {
  return useStore(theme);
}

/** Goes from light to dark or back, and remembers it in this browser. */
export function switchTheme(): void {
  const dark = isDark(theme.get());
  const next = dark ? "light" : "dark";
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // The browser keeps nothing; the choice lasts until the page is closed.
  }
  theme.set(next);
  applyTheme();
}

export function isDark(value: Theme): boolean {
  return value === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : value === "dark";
}

export function applyTheme(): void {
  const value = theme.get();
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
}

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(storageKey);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}
