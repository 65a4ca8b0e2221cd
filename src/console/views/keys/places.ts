import { useSession } from "../../api/session.js";
import { navigate, useRoute } from "../../state/route.js";
import type { Binary } from "../../text/binary.js";

/** The part of the store that the view shows, as its address says. */
export interface KeysPlace {
  readonly prefix: Binary;
  /** The key whose value is shown. */
  readonly key: Binary | undefined;
  /** The revision that is shown; 0 for the current one. */
  readonly revision: number;
  readonly separator: Binary;
  /** A part of names to search for. */
  readonly contains: Binary | undefined;
}

export function useKeysPlace(): KeysPlace {
  const { parameters } = useRoute();
  const { info } = useSession();
  const { prefix = "", key, revision, separator, contains } = parameters;
  return {
    prefix,
    key,
    revision: /^\d+$/.test(revision ?? "") ? Number(revision) : 0,
    separator: separator || info?.separator || "/",
    contains: contains || undefined,
  };
}

/** The parameters of the address that shows `place`. */
export function parametersOf(place: KeysPlace, usualSeparator: Binary): Record<string, Binary | number | undefined> {
  return {
    prefix: place.prefix || undefined,
    contains: place.contains,
    separator: place.separator === usualSeparator ? undefined : place.separator,
    revision: place.revision || undefined,
    key: place.key,
  };
}

/** Goes to another place of the view; what is not given stays as it is. */
export function useGo(): (change: Partial<KeysPlace>, replace?: boolean) => void {
  const place = useKeysPlace();
  const { info } = useSession();
  return (change, replace = false) =>
    navigate("keys", parametersOf({ ...place, ...change }, info?.separator ?? "/"), { replace });
}
