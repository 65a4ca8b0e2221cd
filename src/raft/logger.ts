/**
 * Receives the log lines of the core. A line is a function, so that it is built only when its level is wanted. After
 * `fatal` the core throws: an invariant is broken.
 */
export interface RaftLogger {
  debug(line: () => string): void;
  info(line: () => string): void;
  warn(line: () => string): void;
  error(line: () => string): void;
  fatal(line: () => string): void;
}

const ignore = (): void => undefined;

/** Drops every line without building it. */
export const silentRaftLogger: RaftLogger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
};
