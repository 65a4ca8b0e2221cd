import { errorStack, errorText } from "../base/index.js";
import type { ProcessLogger } from "./logger.js";

/** The exit code of a process that has crashed. */
const failed = 1;

/** Sends Node's warnings, and errors that nobody caught, to the log instead of stderr. */
export function watchRuntime(logger: ProcessLogger): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning) => logger.warn("warning from Node.js", { warning: warning.message }));
  const crash = (error: unknown): void => {
    logger.fatal("unexpected error: the member has crashed", { error: errorText(error), stack: errorStack(error) });
    process.exit(failed);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
}
