import { stat } from "node:fs/promises";
import { bytesOf, ExitCode, Failure, reasonOf } from "../../cli/index.js";

/** @throws Failure with Go's text when there is nothing at `path` */
export async function requirePath(path: string): Promise<void> {
  await stat(path).catch((error: unknown) => {
    throw new Failure(ExitCode.Error, `stat ${bytesOf(path)}: ${reasonOf(error)}`);
  });
}
