/** The height of a line of a value in pixels; `view-keys.css` has the same. */
export const lineHeight = 20;
const linesShown = 26;
/** Padding and borders, in pixels. */
const edges = 14;

/** The height of a list of lines, which scrolls when there are many. */
export function listHeight(lines: number): string {
  return `${Math.min(lines, linesShown) * lineHeight + edges}px`;
}
