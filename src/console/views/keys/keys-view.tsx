import { useRef, useState } from "preact/hooks";
import { mayWrite, useSession } from "../../api/session.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { Button, IconButton } from "../../ui/button.js";
import { Empty } from "../../ui/states.js";
import { type Change, ChangeDialog } from "../change/change-dialog.js";
import type { View } from "../view.js";
import { Crumbs } from "./crumbs.js";
import { KeyDetail } from "./key-detail.js";
import { NewKey } from "./new-key.js";
import { useGo, useKeysPlace } from "./places.js";
import { SearchResults } from "./search-results.js";
import { Toolbar } from "./toolbar.js";
import { TreePane } from "./tree-pane.js";

export const keysView: View = { path: "keys", title: "Keys", icon: "folder", key: "k", component: Keys };

/** The tree at the left, the key that was chosen at the right. A narrow screen shows one of the two. */
function Keys() {
  const place = useKeysPlace();
  const go = useGo();
  const session = useSession();
  const search = useRef<HTMLInputElement>(null);
  const [change, setChange] = useState<Change>();
  const [adding, setAdding] = useState(false);
  const [loads, setLoads] = useState(0);
  const reload = (): void => setLoads(loads + 1);
  useShortcuts("Keys", [
    { keys: "/", what: "Search", run: () => search.current?.focus() },
    { keys: "r", what: "Load again", run: reload },
    ...(place.key === undefined ? [] : [{ keys: "Escape", what: "Close the key", run: () => go({ key: undefined }) }]),
    ...(mayWrite(session) ? [{ keys: "n", what: "New key", run: () => setAdding(true) }] : []),
  ]);
  const treeKey = JSON.stringify([place.prefix, place.separator, place.revision, loads]);
  return (
    <div class={place.key === undefined ? "keys" : "keys with-key"}>
      <h1 class="visually-hidden">Keys</h1>
      <section class="keys-list" aria-label="Keys of the store">
        <header class="keys-head">
          <div class="row">
            <h2 class="grow keys-title">Keys</h2>
            {mayWrite(session) && (
              <Button icon="plus" onClick={() => setAdding(true)}>
                New key
              </Button>
            )}
            <IconButton icon="refresh" label="Load again (r)" onClick={reload} />
          </div>
          <Toolbar searchRef={search} />
          <Crumbs />
        </header>
        {place.contains === undefined ? (
          <TreePane loads={loads} />
        ) : (
          <SearchResults key={treeKey + place.contains} contains={place.contains} />
        )}
      </section>
      <section class="keys-detail" aria-label="Key">
        {place.key === undefined ? (
          <Empty title="No key is open" icon="key">
            Choose one, or press <kbd>/</kbd> to search.
          </Empty>
        ) : (
          <KeyDetail
            key={JSON.stringify([place.key, place.revision])}
            name={place.key}
            revision={place.revision}
            onChange={setChange}
          />
        )}
      </section>
      {adding && <NewKey prefix={place.prefix} onClose={() => setAdding(false)} onChange={setChange} />}
      {change && (
        <ChangeDialog
          change={change}
          onClose={() => setChange(undefined)}
          onDone={() => {
            setChange(undefined);
            reload();
          }}
        />
      )}
    </div>
  );
}
