import { Gauge, Histogram, Registry } from "prom-client";

/** A value of one metric, with the labels it has declared. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

type Labels = Readonly<Record<string, string>>;
type Values = number | boolean | readonly Sample[];

/** Observations counted by bucket, each bucket alone; `counts` may have one more entry, for those above all bounds. */
export interface Counts {
  readonly labels?: Labels;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Sum and count of a histogram are not its own properties, so they must be named. */
export function countsOf({ bounds, counts, sum, count }: Counts): Counts {
  return { bounds, counts, sum, count };
}

/**
 * Metrics whose values are counted elsewhere, as plain numbers: the library reads them when somebody asks, and no
 * request pays for it. Importing this file loads the library, so whoever starts a process does it later.
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

  /** In Prometheus's text format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

function samplesOf(values: Values): readonly Sample[] {
  return typeof values === "object" ? values : [{ labels: {}, value: Number(values) }];
}

/** What has been counted already, without the library's own copy of every value: thousands are read at a time. */
class CountedMetric extends Gauge {
  readonly #shape: { readonly name: string; readonly help: string; readonly type: string };
  readonly #read: () => Values;

  constructor(type: "gauge" | "counter", configuration: ConstructorParameters<typeof Gauge>[0], read: () => Values) {
    super(configuration);
    this.#shape = { name: configuration.name, help: configuration.help, type };
    this.#read = read;
  }

  /** What the registry asks a metric for. */
  async getForPromString() {
    return { ...this.#shape, values: samplesOf(this.#read()) };
  }
}

/** The library's histograms can only observe, one value at a time; this one shows what has been observed already. */
class CountedHistogram extends Histogram {
  readonly #shape: { readonly name: string; readonly help: string };
  readonly #read: () => readonly Counts[];

  constructor(configuration: ConstructorParameters<typeof Histogram>[0], read: () => readonly Counts[]) {
    super(configuration);
    this.#shape = { name: configuration.name, help: configuration.help };
    this.#read = read;
  }

  /** What the registry asks a histogram for. */
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
