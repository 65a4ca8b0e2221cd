/**
 * An answer to a client, not a bug: no stack trace is recorded. Anyone can send garbage at line rate, and a stack trace
 * costs more than a small request.
 */
export class UntracedError extends Error {
  constructor(message: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}
