/**
 * A command line of etcdctl as a shell would read it, alone or with what it needs. `$1`, `$2`, ... stand for the ids
 * of the leases granted so far, in hex.
 */
export type Step =
  | string
  | {
      readonly run: string;
      readonly stdin?: string;
      readonly env?: Readonly<Record<string, string>>;
      /** For a command that does not end by itself: interrupted once it has printed this many lines. */
      readonly lines?: number;
      /** Hides what depends on the moment (remaining seconds, elapsed time) beyond what is always hidden. */
      readonly hide?: RegExp;
    };

export interface Scenario {
  readonly name: string;
  readonly flags?: readonly string[];
  /** Releases of etcdctl that know these commands; both unless said. */
  readonly only?: "3.5";
  readonly steps: readonly Step[];
}

export function commandOf(step: Step): string {
  return typeof step === "string" ? step : step.run;
}
