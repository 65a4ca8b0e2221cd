/**
 * A setting that cannot be used. `syntax` is a command line that cannot be read at all (exit code 2, as Go's flag
 * package has it); any other is a value that was read and refused (exit code 1).
 */
export class FlagError extends Error {
  override readonly name = "FlagError";
  readonly syntax: boolean;

  constructor(message: string, options?: { readonly syntax?: boolean }) {
    super(message);
    this.syntax = options?.syntax ?? false;
  }
}
