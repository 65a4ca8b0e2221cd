import { useSession } from "../../api/session.js";
import { href } from "../../state/route.js";
import { KeyText } from "../../ui/key-text.js";
import { foldersTo } from "./folders.js";
import { parametersOf, useKeysPlace } from "./places.js";

/** The way from the root to the prefix that is shown. */
export function Crumbs() {
  const place = useKeysPlace();
  const { info } = useSession();
  if (place.prefix === "") return null;
  const folders = foldersTo(place.prefix, place.separator);
  const all = folders.at(-1) === place.prefix ? folders : [...folders, place.prefix];
  const to = (prefix: string): string =>
    href("keys", parametersOf({ ...place, prefix, contains: undefined }, info?.separator ?? "/"));
  return (
    <nav class="crumbs" aria-label="Prefix">
      <a href={to("")}>all keys</a>
      {all.map((prefix, at) => (
        <span key={prefix}>
          <span class="crumb-mark" aria-hidden="true">
            ›
          </span>
          <a href={to(prefix)} aria-current={at === all.length - 1 ? "location" : undefined}>
            <KeyText value={prefix.slice((all[at - 1] ?? "").length)} />
          </a>
        </span>
      ))}
    </nav>
  );
}
