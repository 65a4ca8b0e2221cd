import { ClientError } from "../client/index.js";
import { ExitCode, Failure } from "./failure.js";
import { bytesOf } from "./go-text.js";

/** A failed call as the end of the command; what is no failed call is a bug, and passed on. */
export function failureOf(error: unknown, code: number = ExitCode.Error, wrap = (text: string) => text): unknown {
  if (!(error instanceof ClientError)) return error;
  return new Failure(code, wrap(bytesOf(error.message)), { cause: error });
}

/** Waits for a call whose failure ends the command. */
export async function orFail<T>(call: Promise<T>, code?: number, wrap?: (text: string) => string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw failureOf(error, code, wrap);
  }
}
