/** A broken invariant: the process must not go on with its state. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Stops the member when one of our own facts does not hold. Never for what a client or a peer sent. */
export function assert(condition: boolean, fact: string): asserts condition {
  if (!condition) throw new AssertionFailure(`assertion failed: ${fact}`);
}

/** The end of a `switch` over a union; reached only when a case was forgotten. */
export function assertNever(value: never): never {
  throw new AssertionFailure(`unexpected case: ${JSON.stringify(value)}`);
}
