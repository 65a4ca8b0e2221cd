import type { LogFields, Logger } from "../base/index.js";
import { bytesOf } from "./go-text.js";
import { complain } from "./output.js";

/**
 * Prints log lines on stderr as etcdutl does: time, level, message and fields, separated by tabs.
 *
 * @param before called before each line, to clear a progress bar
 */
export function stderrLogger(before: () => void): Logger {
  const line = (level: string) => (message: string, fields?: LogFields) => {
    before();
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    complain(bytesOf([time, level, message, ...(fields ? [JSON.stringify(fields)] : [])].join("\t")));
  };
  return { debug: () => undefined, info: line("info"), warn: line("warn"), error: line("error") };
}
