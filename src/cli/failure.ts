/** The exit codes of etcd's programs. */
export const ExitCode = {
  Error: 1,
  BadConnection: 2,
  /** Input of a transaction or an interactive watch is invalid. */
  InvalidInput: 3,
  /** A flag's value is not supported. */
  BadFeature: 4,
  Interrupted: 5,
  BadArgs: 128,
} as const;

/** Ends the command with `Error: message` on stderr and an exit code. The message is bytes, as arguments are. */
export class Failure extends Error {
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Ends the command with an exit code and no message. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super();
    this.code = code;
  }
}

export function badArgs(message: string): Failure {
  return new Failure(ExitCode.BadArgs, message);
}

/** The failure of a command whose answer the requested format does not support. */
export function unsupported(format: string): Failure {
  return new Failure(ExitCode.BadFeature, `${format} not supported as output format`);
}
