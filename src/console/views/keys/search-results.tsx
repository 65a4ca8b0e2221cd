import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type TreeNode, tree } from "../../api/console.js";
import type { Binary } from "../../text/binary.js";
import { bytesText, counted } from "../../text/format.js";
import { Button } from "../../ui/button.js";
import { KeyText } from "../../ui/key-text.js";
import { Failure } from "../../ui/states.js";
import { VirtualList } from "../../ui/virtual-list.js";
import { nameMatcher, type SearchState, searchOn, searchStart } from "./name-search.js";
import { useGo, useKeysPlace } from "./places.js";
import { rowHeight } from "./row-height.js";

/** The keys below the prefix whose names contain a text. */
export function SearchResults({ contains }: { readonly contains: Binary }) {
  const { prefix, separator, revision, key } = useKeysPlace();
  const go = useGo();
  const [state, setState] = useState<SearchState>(searchStart);
  const [rounds, setRounds] = useState(0);
  const current = useRef(state);
  current.current = state;
  const matches = useMemo(() => nameMatcher(contains), [contains]);
  useEffect(() => {
    const abort = new AbortController();
    const { stopped: _, ...from } = current.current;
    const ask = (after: Binary, limit: number) =>
      tree({ prefix, separator, after, limit, revision, flat: true }, abort.signal);
    void searchOn(from, matches, ask, (next) => {
      if (!abort.signal.aborted) setState(next);
    });
    return () => abort.abort();
  }, [rounds]);
  const { found } = state;
  return (
    <div class="tree">
      <div class="search-state" role="status">
        <SearchText state={state} onMore={() => setRounds(rounds + 1)} />
      </div>
      <div class="tree-frame">
        <VirtualList
          rows={found.length}
          rowHeight={rowHeight}
          label="Keys found"
          render={(index) => {
            const node = found[index];
            return (
              node && (
                <Found key={node.key} node={node} chosen={node.key === key} onOpen={() => go({ key: node.key })} />
              )
            );
          }}
        />
      </div>
    </div>
  );
}

function Found({ node, chosen, onOpen }: { readonly node: TreeNode; readonly chosen: boolean; onOpen(): void }) {
  return (
    <li>
      <button class={chosen ? "tree-line found chosen" : "tree-line found"} type="button" onClick={onOpen}>
        <span class="tree-name">
          <KeyText value={node.key} />
        </span>
        <span class="tree-size">{node.bytes > 0 ? bytesText(node.bytes) : ""}</span>
      </button>
    </li>
  );
}

function SearchText({ state, onMore }: { readonly state: SearchState; onMore(): void }) {
  const { found, looked, stopped } = state;
  const so = `${counted(found.length, "key")} found in ${counted(looked, "name")}`;
  if (stopped === undefined) return <p class="num">{so}, searching…</p>;
  if (typeof stopped === "object") return <Failure error={stopped} retry={onMore} />;
  if (stopped === "end") return <p class="num">{so}. That is all.</p>;
  const why = stopped === "names" ? counted(looked, "name") : counted(found.length, "key");
  return (
    <p class="row num">
      <span class="grow">
        {so}. <strong>Stopped after {why}.</strong>
      </span>
      <Button onClick={onMore}>Go on</Button>
    </p>
  );
}
