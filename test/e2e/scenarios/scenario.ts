/**
 * A command line of etcdctl in shell syntax, alone or with options. `$1`, `$2`, ... stand for the ids of the leases
 * granted so far, in hex.
 */
export type Step =
  | string
  | {
      readonly run: string;
      readonly stdin?: string;
      readonly env?: Readonly<Record<string, string>>;
      /** The number of lines after which a command is interrupted that does not end by itself. */
      readonly lines?: number;
      /**
       * Hides parts that depend on time, such as remaining seconds, in addition to the parts that are always hidden.
       */
      readonly hide?: RegExp;
    };

export interface Scenario {
  readonly name: string;
  readonly flags?: readonly string[];
  /** The release of etcdctl that has these commands; by default both have. */
  readonly only?: "3.5";
  readonly steps: readonly Step[];
}

export function commandOf(step: Step): string {
  return typeof step === "string" ? step : step.run;
}
