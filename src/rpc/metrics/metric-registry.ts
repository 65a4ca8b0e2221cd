import { Gauge, Histogram, Registry } from "prom-client";

/** A value of a metric, with its labels. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

type Labels = Readonly<Record<string, string>>;
type Values = number | boolean | readonly Sample[];

/** Observations per bucket, not cumulative. `counts` may have one more entry, for values above all bounds. */
export interface Counts {
  readonly labels?: Labels;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Copies the fields of a histogram, whose `sum` and `count` are getters that a spread would miss. */
export function countsOf({ bounds, counts, sum, count }: Counts): Counts {
  return { bounds, counts, sum, count };
}

/**
 * Metrics whose values are plain numbers that are counted elsewhere. prom-client reads them when metrics are requested,
 * so counting costs nothing else. Importing this file loads prom-client, which the start of the server avoids.
 */
export class MetricRegistry {
  readonly #registry = new Registry();

  get contentType(): string {
    return this.#registry.contentType;
  }

  gauge(name: string, help: string, read: () => Values, labelNames: readonly string[] = []): void {
    new CountedMetric("gauge", { name, help, labelNames, registers: [this.#registry] }, read);
  }

  counter(name: string, help: string, read: () => Values, labelNames: readonly string[] = []): void {
    new CountedMetric("counter", { name, help, labelNames, registers: [this.#registry] }, read);
  }

  histogram(name: string, help: string, read: () => readonly Counts[], labelNames: readonly string[] = []): void {
    new CountedHistogram({ name, help, labelNames, registers: [this.#registry] }, read);
  }

  /** The metrics in Prometheus's text format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

function samplesOf(values: Values): readonly Sample[] {
  return typeof values === "object" ? values : [{ labels: {}, value: Number(values) }];
}

/** A counter or gauge that reads its values at each request, without the library's copy of thousands of values. */
class CountedMetric extends Gauge {
  readonly #shape: { readonly name: string; readonly help: string; readonly type: string };
  readonly #read: () => Values;

  constructor(type: "gauge" | "counter", configuration: ConstructorParameters<typeof Gauge>[0], read: () => Values) {
    super(configuration);
    this.#shape = { name: configuration.name, help: configuration.help, type };
    this.#read = read;
  }

  /** Called by the library's registry. */
  async getForPromString() {
    return { ...this.#shape, values: samplesOf(this.#read()) };
  }
}

/** A histogram of values that were counted elsewhere. The library's own histograms must observe each value. */
class CountedHistogram extends Histogram {
  readonly #shape: { readonly name: string; readonly help: string };
  readonly #read: () => readonly Counts[];

  constructor(configuration: ConstructorParameters<typeof Histogram>[0], read: () => readonly Counts[]) {
    super(configuration);
    this.#shape = { name: configuration.name, help: configuration.help };
    this.#read = read;
  }

  /** Called by the library's registry. */
  async getForPromString() {
    return { ...this.#shape, type: "histogram", values: this.#read().flatMap((counts) => this.#samples(counts)) };
  }

  #samples({ labels = {}, bounds, counts, sum, count }: Counts) {
    const { name } = this.#shape;
    let below = 0;
    const buckets = bounds.map((bound, at) => {
      below += counts[at] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound) }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
