import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { clockText } from "../text/format.js";
import { areaPath, type ChartScale, indexAt, isValue, linePath, roundTop, timeMarks, xOf, yOf } from "./chart-scale.js";

export interface ChartSeries {
  readonly name: string;
  readonly values: readonly number[];
}

export interface ChartProps {
  readonly title: string;
  readonly series: readonly ChartSeries[];
  /** The time of the first value, and the time between two. */
  readonly startMs: number;
  readonly stepMs: number;
  /** Pixels of the drawing, without title and times. */
  readonly height?: number;
  /** The upper edge is not below this. */
  readonly topLeast?: number;
  format(value: number): string;
}

const markEveryMs = 5 * 60_000;

/** Lines over time. The values under the pointer are read in the legend; otherwise it shows the last ones. */
export function Chart({ title, series, startMs, stepMs, height = 84, topLeast = 0, format }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [pointed, setPointed] = useState<number>();
  const count = Math.max(0, ...series.map(({ values }) => values.length));
  const top = roundTop(Math.max(topLeast, ...series.flatMap(({ values }) => values)));
  const scale = { width, height, top, count };
  const at = Math.min(pointed ?? count - 1, count - 1);
  const move = (event: PointerEvent): void => {
    const box = frame.current?.getBoundingClientRect();
    if (box) setPointed(indexAt(event.clientX - box.left, scale));
  };
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-time num">
          {pointed === undefined || count === 0 ? "" : clockText(startMs + at * stepMs)}
        </span>
      </figcaption>
      <Legend series={series} at={at} format={format} />
      <div
        class="chart-frame"
        ref={frame}
        onPointerMove={move}
        onPointerLeave={() => setPointed(undefined)}
        style={{ blockSize: `${height + 18}px` }}
      >
        {width > 0 && (
          <Drawing
            label={summary(title, series, format)}
            series={series}
            scale={scale}
            pointed={pointed === undefined ? undefined : at}
            marks={timeMarks(startMs, stepMs, count, markEveryMs).map((index) => ({
              index,
              text: clockText(startMs + index * stepMs).slice(0, 5),
            }))}
            topText={format(top)}
          />
        )}
      </div>
    </figure>
  );
}

function Legend({ series, at, format }: Pick<ChartProps, "series" | "format"> & { readonly at: number }) {
  return (
    <ul class="chart-legend">
      {series.map(({ name, values }, index) => (
        <li key={name}>
          {series.length > 1 && <span class={`swatch series-${index + 1}`} aria-hidden="true" />}
          {series.length > 1 && <span class="muted">{name}</span>}
          <strong class="num">{valueText(values[at], format)}</strong>
        </li>
      ))}
    </ul>
  );
}

interface DrawingProps {
  readonly label: string;
  readonly series: readonly ChartSeries[];
  readonly scale: ChartScale;
  readonly pointed: number | undefined;
  readonly marks: readonly { readonly index: number; readonly text: string }[];
  readonly topText: string;
}

function Drawing({ label, series, scale, pointed, marks, topText }: DrawingProps) {
  const { width, height } = scale;
  return (
    <svg role="img" aria-label={label} width={width} height={height + 18}>
      {[0, 0.5, 1].map((share) => (
        <line
          key={share}
          class={share === 1 ? "axis" : "grid"}
          x1={0}
          x2={width}
          y1={height * share}
          y2={height * share}
        />
      ))}
      {marks.map(({ index, text }) => (
        <g key={text}>
          <line class="axis" x1={xOf(index, scale)} x2={xOf(index, scale)} y1={height} y2={height + 4} />
          <text class="tick" x={xOf(index, scale)} y={height + 15} text-anchor={anchorOf(xOf(index, scale), width)}>
            {text}
          </text>
        </g>
      ))}
      {series.map(({ name, values }, index) => (
        <g key={name} class={`series-${index + 1}`}>
          {series.length === 1 && <path class="area" d={areaPath(values, scale)} />}
          <path class="line" d={linePath(values, scale)} />
          {pointed !== undefined && isValue(values[pointed]) && (
            <circle class="dot" cx={xOf(pointed, scale)} cy={yOf(values[pointed] ?? 0, scale)} r={3} />
          )}
        </g>
      ))}
      {pointed !== undefined && (
        <line class="crosshair" x1={xOf(pointed, scale)} x2={xOf(pointed, scale)} y1={0} y2={height} />
      )}
      <text class="tick top" x={2} y={11}>
        {topText}
      </text>
    </svg>
  );
}

/** Times at the edges stay inside the drawing. */
function anchorOf(x: number, width: number): "start" | "middle" | "end" {
  return x < 16 ? "start" : x > width - 16 ? "end" : "middle";
}

/** The chart in words, for those who do not see it. */
function summary(title: string, series: readonly ChartSeries[], format: (value: number) => string): string {
  const lines = series
    .filter(({ values }) => values.some(isValue))
    .map(
      ({ name, values }) => `${name}: now ${valueText(values.at(-1), format)}, at most ${format(Math.max(...values))}`,
    );
  return `${title}. ${lines.length === 0 ? "No values yet" : lines.join("; ")}.`;
}

function valueText(value: number | undefined, format: (value: number) => string): string {
  return isValue(value) ? format(value) : "–";
}

function useWidth(frame: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const read = (): void => setWidth(element.clientWidth);
    const observer = new ResizeObserver(read);
    observer.observe(element);
    read();
    return () => observer.disconnect();
  }, []);
  return width;
}
