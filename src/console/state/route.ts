import type { Binary } from "../text/binary.js";
import { href, type Place, placeOf } from "./address.js";
import { createStore, useStore } from "./store.js";

const route = createStore<Place>(placeOf(location.hash));
addEventListener("hashchange", () => route.set(placeOf(location.hash)));

/** Where the page is. */
export function useRoute(): Place {
  return useStore(route);
}

/** Goes to a place. @param replace leaves no entry in the browser's history */
export function navigate(
  view: string,
  parameters: Readonly<Record<string, Binary | number | undefined>> = {},
  { replace = false }: { readonly replace?: boolean } = {},
): void {
  const target = href(view, parameters);
  if (target === location.hash) return;
  if (replace) {
    history.replaceState(null, "", target);
    route.set(placeOf(target));
  } else location.hash = target;
}

export { href };
