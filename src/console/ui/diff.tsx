import { useMemo, useState } from "preact/hooks";
import type { Binary } from "../text/binary.js";
import { counted } from "../text/format.js";
import { type DiffGap, type DiffLine, diffLines, withContext } from "../values/diff.js";
import { comparableText } from "../values/rendering.js";
import { Button } from "./button.js";

/** Equal lines that are shown before and behind each change. */
const around = 3;
/** Lines that are rendered at once. */
const shownAtOnce = 400;

export interface DiffProps {
  /** Undefined if there was nothing. */
  readonly before: Binary | undefined;
  readonly after: Binary | undefined;
}

/** Shows by lines what changed from one value to another. */
export function Diff({ before, after }: DiffProps) {
  const lines = useMemo(() => diffLines(comparable(before), comparable(after)), [before, after]);
  const [whole, setWhole] = useState(false);
  const [most, setMost] = useState(shownAtOnce);
  if (before === after) return <p class="muted diff-note">The values are equal.</p>;
  const changed = lines.filter(({ kind }) => kind !== "same").length;
  if (changed === 0)
    return <p class="muted diff-note">The values differ in nothing that lines show, such as spaces in JSON.</p>;
  const shown = whole ? lines : withContext(lines, around);
  return (
    <div class="diff">
      <DiffHead lines={lines} whole={whole} onWhole={setWhole} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: without a focus, the keyboard could not scroll the lines */}
      <section class="diff-lines" aria-label="Changed lines" tabIndex={0}>
        {shown.slice(0, most).map((line, at) => (
          <DiffRow key={at} line={line} />
        ))}
      </section>
      {shown.length > most && (
        <Button kind="quiet" onClick={() => setMost(most + 10 * shownAtOnce)}>
          Show more of {counted(shown.length, "line")}
        </Button>
      )}
    </div>
  );
}

function DiffHead(props: {
  readonly lines: readonly DiffLine[];
  readonly whole: boolean;
  onWhole(whole: boolean): void;
}) {
  const count = (kind: DiffLine["kind"]): number => props.lines.filter((line) => line.kind === kind).length;
  return (
    <div class="diff-head">
      <span class="grow num">
        <span class="diff-plus">+{count("added")}</span> <span class="diff-minus">−{count("removed")}</span>
      </span>
      <label class="check">
        <input type="checkbox" checked={props.whole} onChange={(event) => props.onWhole(event.currentTarget.checked)} />
        All lines
      </label>
    </div>
  );
}

const signs = { same: " ", removed: "−", added: "+" };
const spoken = { same: "", removed: "removed: ", added: "added: " };

function DiffRow({ line }: { readonly line: DiffLine | DiffGap }) {
  if (line.kind === "gap") return <div class="diff-row gap">{counted(line.lines, "equal line")}</div>;
  return (
    <div class={`diff-row ${line.kind}`}>
      <span class="diff-number">{line.oldLine ?? ""}</span>
      <span class="diff-number">{line.newLine ?? ""}</span>
      <span class="diff-sign" aria-hidden="true">
        {signs[line.kind]}
      </span>
      <span class="diff-text">
        <span class="visually-hidden">{spoken[line.kind]}</span>
        {line.text}
      </span>
    </div>
  );
}

function comparable(value: Binary | undefined): string {
  return value === undefined ? "" : comparableText(value);
}
