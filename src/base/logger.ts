export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured log lines: a fixed message that operators can search for, and fields. A message never contains a variable
 * value, and no field ever contains a stored value, a password or a token.
 */
export interface Logger {
  /** Number of lines that could not be written since the start; undefined where none can be lost. */
  readonly linesLost?: number;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const ignore = (): void => undefined;

/** Drops every line. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
