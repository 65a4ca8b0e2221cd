import { ExitCode, Failure } from "../failure.js";

/** The failure of a command whose answer the requested format does not support. */
export function unsupported(format: string): Failure {
  return new Failure(ExitCode.BadFeature, `${format} not supported as output format`);
}
