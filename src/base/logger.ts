export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured log lines: a fixed message that operators can search for, and fields. A message never holds a value of
 * the moment, and no field ever holds a stored value, a password or a token.
 */
export interface Logger {
  /** Lines that could not be written since the start; absent where none can be lost. */
  readonly linesLost?: number;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const ignore = (): void => undefined;

/** Takes every line and keeps none. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
