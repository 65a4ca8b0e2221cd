import { useMemo, useState } from "preact/hooks";
import { type Binary, textOf } from "../../text/binary.js";
import { VirtualList } from "../../ui/virtual-list.js";
import { type JsonLine, jsonLines, parseJson } from "../../values/json.js";
import { lineHeight, listHeight } from "./line-height.js";

/** Objects and arrays that are nested deeper are folded at first. */
const openDepth = 3;
/** Documents with more characters are folded below their first level. */
const foldedFrom = 64 * 1024;
/** The longest word of a line, in characters; the text shows the whole. */
const wordMax = 2_000;

/** A JSON document with colours, whose objects and arrays can be folded. */
export function JsonView({ value }: { readonly value: Binary }) {
  const document = useMemo(() => parseJson(textOf(value) ?? ""), [value]);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const depthShown = value.length > foldedFrom ? 1 : openDepth;
  const lines = useMemo(
    () =>
      document === undefined ? [] : jsonLines(document, (path, depth) => depth >= depthShown !== toggled.has(path)),
    [document, toggled, depthShown],
  );
  const toggle = (path: string): void => {
    const next = new Set(toggled);
    if (!next.delete(path)) next.add(path);
    setToggled(next);
  };
  return (
    <div class="value-lines json" style={{ blockSize: listHeight(lines.length) }}>
      <VirtualList
        rows={lines.length}
        rowHeight={lineHeight}
        label="JSON document"
        render={(index) => {
          const line = lines[index];
          return line && <Line key={line.path} line={line} onToggle={() => toggle(line.path)} />;
        }}
      />
    </div>
  );
}

function Line({ line: { depth, words, fold }, onToggle }: { readonly line: JsonLine; onToggle(): void }) {
  return (
    <li class="value-line">
      <span style={{ inlineSize: `${depth * 18}px` }} aria-hidden="true" />
      {fold === undefined ? (
        <span class="fold" />
      ) : (
        <button class="fold" type="button" aria-expanded={fold === "open"} aria-label="Fold" onClick={onToggle}>
          {fold === "open" ? "▾" : "▸"}
        </button>
      )}
      <span>
        {words.map(({ kind, text }, at) => (
          <span key={at} class={`json-${kind}`}>
            {text.length > wordMax ? `${text.slice(0, wordMax)}…` : text}
          </span>
        ))}
      </span>
    </li>
  );
}
