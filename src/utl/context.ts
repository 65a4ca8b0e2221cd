import { type Bytes, ExitCode, Failure, type FlagSet } from "../cli/index.js";

export const outputFormats = ["fields", "json", "protobuf", "simple", "table"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Gives a running command its flags and arguments. */
export class Context {
  readonly flags: FlagSet;
  readonly args: readonly Bytes[];

  constructor(flags: FlagSet) {
    this.flags = flags;
    this.args = flags.args;
  }

  /** How long to wait for another process that uses the files; 0 means for ever. */
  get timeoutMs(): number {
    return this.flags.number("timeout");
  }

  /** @throws Failure when the format of `--write-out` is unknown */
  get format(): OutputFormat {
    const wanted = this.flags.text("write-out");
    const format = outputFormats.find((known) => known === wanted);
    if (format === undefined) throw new Failure(ExitCode.BadFeature, "unsupported output format");
    return format;
  }

  close(): void {
    // Commands close what they open.
  }
}
