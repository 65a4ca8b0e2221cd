import type { LogFields } from "../base/index.js";

/** A line for the log, which is opened only when the settings are known. */
export interface Note {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields: LogFields;
}
