import type { TreeNode } from "../../api/console.js";
import type { Binary } from "../../text/binary.js";
import { bytesText, countText, shortCount } from "../../text/format.js";
import { Icon } from "../../ui/icon.js";
import { KeyText } from "../../ui/key-text.js";
import type { TreeRow } from "./key-tree.js";

export interface TreeLineProps {
  readonly id: string;
  readonly row: TreeRow;
  /** Whether the keyboard is here. */
  readonly active: boolean;
  /** The key that is open beside the tree. */
  readonly chosen: Binary | undefined;
  onToggle(): void;
  onOpenKey(key: Binary): void;
  onRetry(prefix: Binary): void;
}

/** One row of the tree. */
export function TreeLine(props: TreeLineProps) {
  const { id, row, active, chosen, onToggle, onOpenKey, onRetry } = props;
  const chosenHere = row.kind === "node" && row.node.present && row.node.key === chosen;
  const classes = ["tree-line", row.kind, active ? "active" : "", chosenHere ? "chosen" : ""];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys, and says which row they mean
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays at the tree, which names the active row
    <div
      id={id}
      class={classes.join(" ")}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={chosenHere}
      aria-expanded={row.kind === "node" && row.node.folder ? row.open : undefined}
      onClick={row.kind === "failed" ? () => onRetry(row.prefix) : onToggle}
    >
      <span class="tree-indent" style={{ inlineSize: `${row.depth * 16}px` }} aria-hidden="true" />
      {row.kind === "node" && <NodeCells node={row.node} open={row.open} onOpenKey={onOpenKey} />}
      {row.kind === "loading" && <span class="faint">{loadingText(row)}</span>}
      {row.kind === "forgotten" && <span class="faint">…</span>}
      {row.kind === "empty" && <span class="faint">no keys</span>}
      {row.kind === "failed" && <span class="tree-failure">{row.error.message}. Click to try again.</span>}
    </div>
  );
}

function NodeCells({
  node,
  open,
  onOpenKey,
}: {
  readonly node: TreeNode;
  readonly open: boolean;
  onOpenKey(key: Binary): void;
}) {
  const size = node.bytes > 0 ? `${node.bytesExact ? "" : "≈ "}${bytesText(node.bytes)}` : "";
  return (
    <>
      <span class={open ? "tree-mark open" : "tree-mark"}>
        {node.folder ? <Icon name="chevron" /> : <Icon name="leaf" />}
      </span>
      <span class="tree-name">
        <KeyText value={node.name} />
        {node.folder && node.present && (
          <button
            class="link tree-own"
            type="button"
            tabIndex={-1}
            title="There is a key of exactly this name"
            onClick={(event) => {
              event.stopPropagation();
              onOpenKey(node.key);
            }}
          >
            key
          </button>
        )}
        {!node.folder && node.lease !== "0" && (
          <span class="tree-lease" title="has a lease">
            <Icon name="lease" />
          </span>
        )}
      </span>
      <span class="tree-count" title={node.folder ? `${countText(node.count)} keys` : undefined}>
        {node.folder ? (node.count < 100_000 ? countText(node.count) : shortCount(node.count)) : ""}
      </span>
      <span class="tree-size" title={node.bytesExact ? undefined : "estimated from some of the keys"}>
        {size}
      </span>
    </>
  );
}

function loadingText({ loaded, count }: TreeRow & { readonly kind: "loading" }): string {
  return loaded === 0 ? "loading…" : `loading more: ${countText(loaded)} names of ${countText(count)} keys so far`;
}
