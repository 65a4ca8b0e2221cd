import { ExitCode, Failure } from "../failure.js";

/** The failure of a command whose answer cannot be said in the format that was asked for. */
export function unsupported(format: string): Failure {
  return new Failure(ExitCode.BadFeature, `${format} not supported as output format`);
}
