/** Values of one metric, as Prometheus wants to read them. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

type Labels = Readonly<Record<string, string>>;

/** The content type of what `render` returns. */
export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Prometheus's text format. Written here because every value is counted elsewhere, as plain numbers, and there is
 * nothing left for a metrics library to do.
 */
export function render(families: readonly Family[]): string {
  const sorted = [...families].sort((left, right) => (left.name < right.name ? -1 : 1));
  return sorted.map(renderFamily).join("");
}

function renderFamily({ name, type, help, samples }: Family): string {
  const lines = samples.map(
    ({ suffix = "", labels, value }) => `${name}${suffix}${labelText(labels)} ${number(value)}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

export function counter(name: string, help: string, value: number | readonly Sample[]): Family {
  return { name, type: "counter", help, samples: typeof value === "number" ? [{ value }] : value };
}

export function gauge(name: string, help: string, value: number | boolean | readonly Sample[]): Family {
  const samples = typeof value === "object" ? value : [{ value: Number(value) }];
  return { name, type: "gauge", help, samples };
}

/** Observations counted by bucket, each bucket alone; `counts` may have one more entry, for those above all bounds. */
export interface Counts {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export function histogramSamples({ bounds, counts, sum, count }: Counts, labels: Labels = {}): readonly Sample[] {
  let below = 0;
  const buckets = bounds.map((bound, at) => {
    below += counts[at] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le: number(bound) }, value: below };
  });
  return [
    ...buckets,
    { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
    { suffix: "_sum", labels, value: sum },
    { suffix: "_count", labels, value: count },
  ];
}
