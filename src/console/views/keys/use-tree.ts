import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useConnection } from "../../api/connection.js";
import { tree as askTree } from "../../api/console.js";
import { mapResult } from "../../api/result.js";
import { useSession } from "../../api/session.js";
import { leaderPauseMs, useCall } from "../../state/loaded.js";
import type { Binary } from "../../text/binary.js";
import { KeyTree, pageSize, type WantedPage } from "./key-tree.js";

export interface TreeQuestion {
  readonly prefix: Binary;
  readonly separator: Binary;
  readonly revision: number;
}

export interface ShownTree {
  readonly tree: KeyTree;
  /** Loads what the rows `[first, last)` need. */
  show(first: number, last: number): void;
  open(prefix: Binary, depth: number): void;
  close(prefix: Binary): void;
  retry(prefix: Binary): void;
}

/** The tree that was shown last, so that folders are still open after a look at another view. */
let kept: { readonly question: string; readonly tree: KeyTree } | undefined;

/** How often to look whether the store has changed. Only what is in view is then read again. */
const lookEveryMs = 3_000;

/**
 * The tree of keys, loaded as far as it is looked at, and read again as the store changes.
 *
 * @param loads counts the times that it was to be loaded again
 */
export function useTree(question: TreeQuestion, loads: number): ShownTree {
  const { generation } = useConnection();
  const { user, token, asking } = useSession();
  const name = JSON.stringify([user, question.prefix, question.separator, question.revision]);
  if (kept?.question !== name) kept = { question: name, tree: new KeyTree(question.prefix) };
  const { tree } = kept;
  const [, render] = useState(0);
  const drawn = useCallback(() => render((count) => count + 1), []);
  const again = JSON.stringify([loads, generation, token]);
  const life = useLoads(tree, question, again, drawn);
  const newest = useNewestRevision(question);
  const first = useRef(true);
  useEffect(() => {
    // The kept tree was loaded before; the store may have changed meanwhile.
    if (!first.current || tree.keyCount > 0) {
      tree.refresh();
      drawn();
    }
    first.current = false;
  }, [tree, again]);
  useEffect(() => {
    if (newest === undefined || tree.revision === 0 || newest <= tree.revision) return;
    tree.age(newest);
    drawn();
  }, [tree, newest]);
  return {
    tree,
    show: (from, to) => {
      if (!asking) for (const page of tree.wanted(from, to)) life.load(page);
    },
    open: (prefix, depth) => {
      tree.open(prefix, depth);
      drawn();
    },
    close: (prefix) => {
      tree.close(prefix);
      drawn();
    },
    retry: (prefix) => {
      tree.retry(prefix);
      drawn();
    },
  };
}

/** The store's revision, again and again; undefined while the past is shown, which does not change. */
function useNewestRevision({ prefix, separator, revision }: TreeQuestion): number | undefined {
  const { value } = useCall(
    async (signal) => mapResult(await askTree({ prefix, separator, limit: 1 }, signal), (page) => page.revision),
    [prefix, separator],
    { everyMs: lookEveryMs, paused: revision > 0 },
  );
  return revision > 0 ? undefined : value;
}

/**
 * Asks for pages, each once at a time. Answers that come after another tree is shown, or after the tree was to be
 * loaded again, are dropped.
 */
function useLoads(
  tree: KeyTree,
  question: TreeQuestion,
  again: string,
  drawn: () => void,
): { load(page: WantedPage): void } {
  const underWay = useRef(new Set<string>());
  const abort = useRef(new AbortController());
  useEffect(() => {
    abort.current = new AbortController();
    underWay.current = new Set();
    drawn();
    return () => abort.current.abort();
  }, [tree, again]);
  const retry = ({ prefix }: WantedPage, signal: AbortSignal): void => {
    if (signal.aborted) return;
    tree.retry(prefix);
    drawn();
  };
  const load = (page: WantedPage): void => {
    const { signal } = abort.current;
    const loads = underWay.current;
    const name = JSON.stringify([page.prefix, page.page]);
    if (signal.aborted || loads.has(name)) return;
    loads.add(name);
    const { separator, revision } = question;
    const query = { prefix: page.prefix, separator, after: page.after, limit: pageSize, revision };
    void askTree(query, signal).then((answer) => {
      loads.delete(name);
      if (signal.aborted) return;
      if (answer.ok) tree.receive(page, answer.value);
      else if (answer.error.kind !== "login") tree.fail(page.prefix, answer.error);
      if (!answer.ok && answer.error.kind === "no-leader") setTimeout(() => retry(page, signal), leaderPauseMs);
      drawn();
    });
  };
  return { load };
}
