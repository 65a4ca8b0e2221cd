import { bytesOf, ExitCode, Failure } from "../cli/index.js";
import { ClientError } from "../client/index.js";

/** The failure that ends the command after a failed call. Any other error is a bug and is thrown again. */
export function failureOf(error: unknown, code: number = ExitCode.Error, wrap = (text: string) => text): unknown {
  if (!(error instanceof ClientError)) return error;
  return new Failure(code, wrap(bytesOf(error.message)), { cause: error });
}

/** Awaits a call. If the call fails, the command ends with its error. */
export async function orFail<T>(call: Promise<T>, code?: number, wrap?: (text: string) => string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw failureOf(error, code, wrap);
  }
}
