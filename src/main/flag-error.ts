/**
 * A setting that cannot be used. With `syntax` the command line could not be parsed, and the process exits with code 2,
 * as programs with Go's flag package do. Otherwise a parsed value was refused, and the exit code is 1.
 */
export class FlagError extends Error {
  override readonly name = "FlagError";
  readonly syntax: boolean;

  constructor(message: string, options?: { readonly syntax?: boolean }) {
    super(message);
    this.syntax = options?.syntax ?? false;
  }
}
