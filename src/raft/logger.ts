/**
 * Where the core's lines go. A line is built only when its level is wanted, hence the function.
 * After `fatal` the core throws: a fact it rests on does not hold.
 */
export interface RaftLogger {
  debug(line: () => string): void;
  info(line: () => string): void;
  warn(line: () => string): void;
  error(line: () => string): void;
  fatal(line: () => string): void;
}

const ignore = (): void => undefined;

/** Takes every line and builds none. */
export const silentRaftLogger: RaftLogger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
};
