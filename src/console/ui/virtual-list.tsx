import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Browsers cut off elements higher than some 17 million pixels. Longer lists scroll faster than the pointer. */
const heightMax = 8_000_000;
/** Rows that are rendered before and behind those in view. */
const rowsAround = 6;

export interface ListControl {
  /** Scrolls as little as is needed to show a row. */
  reveal(index: number): void;
}

export interface VirtualListProps {
  readonly rows: number;
  /** Pixels; all rows are equally high. */
  readonly rowHeight: number;
  readonly label: string;
  /** Absent for a plain list. */
  readonly tree?: TreeKeys;
  readonly control?: { current: ListControl | null };
  /** The rows `[first, last)` that are in view. */
  onRange?(first: number, last: number): void;
  /** A row: an `li`, or an element with the role `treeitem`. */
  render(index: number): ComponentChildren;
}

/** A tree takes the focus as a whole, and says which row the keyboard is at. */
export interface TreeKeys {
  /** The id of that row. */
  readonly activeId: string;
  onKeyDown(event: KeyboardEvent): void;
}

/** A list that renders only the rows in view. */
export function VirtualList(props: VirtualListProps) {
  const { rows, rowHeight, label, tree, render } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const measures = measure(rows, rowHeight, view.height);
  const offset = view.top * measures.scale;
  const first = Math.max(0, Math.floor(offset / rowHeight) - rowsAround);
  const last = Math.min(rows, Math.ceil((offset + view.height) / rowHeight) + rowsAround);
  useSize(frame, setView);
  useLayoutEffect(() => props.onRange?.(first, last));
  if (props.control) props.control.current = { reveal: (index) => reveal(frame.current, index, rowHeight, measures) };
  // The block of rows is moved to where it belongs at the scroll position, to the pixel.
  const shift = view.top - (offset - first * rowHeight);
  const shown = Array.from({ length: Math.max(0, last - first) }, (_, at) => render(first + at));
  const moved = { transform: `translateY(${shift}px)` };
  // The keyboard scrolls a list, and moves in a tree. Both need the focus for it.
  const focusable = tree
    ? ({
        role: "tree",
        "aria-label": label,
        tabIndex: 0,
        "aria-activedescendant": tree.activeId,
        onKeyDown: tree.onKeyDown,
      } as const)
    : ({ role: "region", "aria-label": label, tabIndex: 0 } as const);
  return (
    <div
      class="virtual-list"
      ref={frame}
      onScroll={({ currentTarget: { scrollTop: top, clientHeight: height } }) => setView({ top, height })}
      {...focusable}
    >
      <div class="virtual-space" role="presentation" style={{ blockSize: `${measures.space}px` }}>
        {tree ? (
          <div class="virtual-rows" role="presentation" style={moved}>
            {shown}
          </div>
        ) : (
          <ul class="virtual-rows" aria-label={label} style={moved}>
            {shown}
          </ul>
        )}
      </div>
    </div>
  );
}

interface Measures {
  /** The height of the scrolled element in pixels. */
  readonly space: number;
  /** Pixels of the list for each pixel that is scrolled. */
  readonly scale: number;
}

function measure(rows: number, rowHeight: number, viewHeight: number): Measures {
  const full = rows * rowHeight;
  if (full <= heightMax) return { space: full, scale: 1 };
  return { space: heightMax, scale: (full - viewHeight) / (heightMax - viewHeight) };
}

function reveal(frame: HTMLDivElement | null, index: number, rowHeight: number, { scale }: Measures): void {
  if (frame === null) return;
  const offset = frame.scrollTop * scale;
  const top = index * rowHeight;
  const bottom = top + rowHeight - frame.clientHeight;
  if (top < offset) frame.scrollTop = top / scale;
  else if (bottom > offset) frame.scrollTop = bottom / scale;
}

function useSize(
  frame: { readonly current: HTMLDivElement | null },
  set: (view: { readonly top: number; readonly height: number }) => void,
): void {
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const read = (): void => set({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    read();
    return () => observer.disconnect();
  }, []);
}
