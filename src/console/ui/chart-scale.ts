/** Pixels and values of a chart of one or more series over the same times. */
export interface ChartScale {
  readonly width: number;
  readonly height: number;
  /** The value at the upper edge. */
  readonly top: number;
  readonly count: number;
}

/** The smallest round number that is not below `value`: 1, 2, 2.5 or 5 times a power of ten. */
export function roundTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((factor) => value <= factor * power * (1 + 1e-9)) ?? 10;
  return step * power;
}

export function xOf(index: number, { width, count }: ChartScale): number {
  return count < 2 ? width : (index / (count - 1)) * width;
}

export function yOf(value: number, { height, top }: ChartScale): number {
  return height - (Math.min(Math.max(value, 0), top) / top) * height;
}

/** The index of the value next to a horizontal position. */
export function indexAt(x: number, { width, count }: ChartScale): number {
  if (width <= 0) return 0;
  return Math.min(count - 1, Math.max(0, Math.round((x / width) * (count - 1))));
}

/** The outline of a series as an SVG path, with gaps where there is no value. */
export function linePath(values: readonly number[], scale: ChartScale): string {
  return runsOf(values)
    .map(({ from, to }) => outline(values, from, to, scale))
    .join("");
}

/** The surface below a series. */
export function areaPath(values: readonly number[], scale: ChartScale): string {
  return runsOf(values)
    .map(({ from, to }) => {
      const [left, right] = [xOf(from, scale).toFixed(1), xOf(to - 1, scale).toFixed(1)];
      return `${outline(values, from, to, scale)}L${right} ${scale.height}L${left} ${scale.height}Z`;
    })
    .join("");
}

/** Whether there is a value; a member writes -1 where it has none. */
export function isValue(value: number | undefined): value is number {
  return value !== undefined && value >= 0;
}

/** The stretches `[from, to)` of values without a gap. */
function runsOf(values: readonly number[]): readonly { readonly from: number; readonly to: number }[] {
  const runs: { from: number; to: number }[] = [];
  values.forEach((value, at) => {
    if (!isValue(value)) return;
    const last = runs.at(-1);
    if (last?.to === at) last.to = at + 1;
    else runs.push({ from: at, to: at + 1 });
  });
  return runs;
}

/** The line of one stretch. A single value is a line of no length, which is drawn as a point. */
function outline(values: readonly number[], from: number, to: number, scale: ChartScale): string {
  return values
    .slice(from, to)
    .map((value, at) => `${at === 0 ? "M" : "L"}${xOf(from + at, scale).toFixed(1)} ${yOf(value, scale).toFixed(1)}`)
    .join("")
    .replace(/^M(\S+ \S+)$/, "M$1L$1");
}

/** The indexes at which a time is a whole multiple of `everyMs`. */
export function timeMarks(startMs: number, stepMs: number, count: number, everyMs: number): readonly number[] {
  const marks: number[] = [];
  for (let time = Math.ceil(startMs / everyMs) * everyMs; time <= startMs + stepMs * (count - 1); time += everyMs) {
    marks.push((time - startMs) / stepMs);
  }
  return marks;
}
