import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useSession } from "../../api/session.js";
import type { Binary } from "../../text/binary.js";
import { counted, countText } from "../../text/format.js";
import { type ListControl, VirtualList } from "../../ui/virtual-list.js";
import { foldersTo } from "./folders.js";
import { useGo, useKeysPlace } from "./places.js";
import { rowHeight } from "./row-height.js";
import { onTreeKey } from "./tree-keys.js";
import { TreeLine } from "./tree-line.js";
import { useTree } from "./use-tree.js";

/** The tree of keys below the prefix of the address. */
export function TreePane({ loads }: { readonly loads: number }) {
  const place = useKeysPlace();
  const go = useGo();
  const { info } = useSession();
  const shown = useTree(place, loads);
  const { tree } = shown;
  const [at, setAt] = useState(0);
  const control = useRef<ListControl | null>(null);
  const id = useId();
  const openKey = (key: Binary): void => go({ key });
  useOpenFoldersTo(place.key, place.prefix, place.separator, shown.open);
  const toggle = (index: number): void => {
    setAt(index);
    const row = tree.row(index);
    if (row.kind !== "node") return;
    if (!row.node.folder) openKey(row.node.key);
    else if (row.open) shown.close(row.node.key);
    else shown.open(row.node.key, row.depth + 1);
  };
  const move = (index: number): void => {
    const next = Math.min(Math.max(index, 0), tree.rowCount - 1);
    setAt(next);
    control.current?.reveal(next);
  };
  if (info === undefined) return null;
  return (
    <div class="tree">
      <div class="tree-columns" aria-hidden="true">
        <span class="grow">Name</span>
        <span class="tree-count">Keys</span>
        <span class="tree-size">Size</span>
      </div>
      <div class="tree-frame">
        <VirtualList
          rows={tree.rowCount}
          rowHeight={rowHeight}
          label="Tree of keys"
          control={control}
          tree={{
            activeId: `${id}-${at}`,
            onKeyDown: (event) => onTreeKey(event, { tree, at, move, toggle, openKey }),
          }}
          onRange={shown.show}
          render={(index) => (
            <TreeLine
              key={index}
              id={`${id}-${index}`}
              row={tree.row(index)}
              active={index === at}
              chosen={place.key}
              onToggle={() => toggle(index)}
              onOpenKey={openKey}
              onRetry={shown.retry}
            />
          )}
        />
      </div>
      <p class="tree-foot num">
        {counted(tree.keyCount, "key")}
        {place.revision > 0 && ` at revision ${countText(place.revision)}`}
      </p>
    </div>
  );
}

/** Opens the folders above the key of the address, so that the tree shows where it is. */
function useOpenFoldersTo(
  key: Binary | undefined,
  prefix: Binary,
  separator: Binary,
  open: (prefix: Binary, depth: number) => void,
): void {
  useEffect(() => {
    if (key === undefined || !key.startsWith(prefix)) return;
    const folders = foldersTo(key.slice(prefix.length), separator).filter((folder) => prefix + folder !== key);
    for (const [depth, folder] of folders.entries()) open(prefix + folder, depth + 1);
  }, [key, prefix, separator]);
}
