import type { LogFields } from "../base/index.js";

/** A log line that is kept until the settings are read and the log is open. */
export interface Note {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields: LogFields;
}
