/** An invariant is broken: the process must not continue with its state. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Throws when one of our own invariants is broken, which stops the member. Never for input of a client or a peer. */
export function assert(condition: boolean, fact: string): asserts condition {
  if (!condition) throw new AssertionFailure(`assertion failed: ${fact}`);
}

/** Ends a `switch` over a union; reached only when a case is missing. */
export function assertNever(value: never): never {
  throw new AssertionFailure(`unexpected case: ${JSON.stringify(value)}`);
}
