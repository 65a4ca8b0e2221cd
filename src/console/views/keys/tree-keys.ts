import type { Binary } from "../../text/binary.js";
import type { KeyTree } from "./key-tree.js";

/** The keyboard's place in the tree, and what it can do there. */
export interface TreeCursor {
  readonly tree: KeyTree;
  /** The row at which the keyboard is. */
  readonly at: number;
  move(index: number): void;
  toggle(index: number): void;
  openKey(key: Binary): void;
}

const rowsInPage = 15;

/** Moves through the tree as other trees do: arrows, Home, End, pages; Enter opens. */
export function onTreeKey(event: KeyboardEvent, cursor: TreeCursor): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const action = actions[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action(cursor);
}

const actions: Readonly<Record<string, (cursor: TreeCursor) => void>> = {
  ArrowDown: ({ at, move }) => move(at + 1),
  ArrowUp: ({ at, move }) => move(at - 1),
  PageDown: ({ at, move }) => move(at + rowsInPage),
  PageUp: ({ at, move }) => move(at - rowsInPage),
  Home: ({ move }) => move(0),
  End: ({ tree, move }) => move(tree.rowCount - 1),
  ArrowRight: ({ tree, at, move, toggle }) => {
    const row = tree.row(at);
    if (row.kind !== "node" || !row.node.folder) return;
    if (row.open) move(at + 1);
    else toggle(at);
  },
  ArrowLeft: ({ tree, at, move, toggle }) => {
    const row = tree.row(at);
    if (row.kind === "node" && row.open) toggle(at);
    else move(parentOf(tree, at));
  },
  Enter: openRow,
  " ": openRow,
};

function openRow({ tree, at, toggle, openKey }: TreeCursor): void {
  const row = tree.row(at);
  if (row.kind === "node" && row.node.folder && row.node.present) openKey(row.node.key);
  else toggle(at);
}

/** The row of the folder around a row; the row itself at the outermost level. */
function parentOf(tree: KeyTree, at: number): number {
  const { depth } = tree.row(at);
  for (let index = at - 1; index >= 0; index--) if (tree.row(index).depth < depth) return index;
  return at;
}
