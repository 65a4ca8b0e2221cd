/**
 * How the text of a flag is read: `count` is a whole number from 0, `uint32` one below 2^32, `integer` may be negative,
 * `duration` is Go's ("1h30m"), `urls` and `list` are separated by commas, `gates` are switches of features.
 */
export type FlagKind =
  | "string"
  | "boolean"
  | "count"
  | "uint32"
  | "integer"
  | "duration"
  | "urls"
  | "list"
  | "choice"
  | "gates";

export type FlagGroup =
  | "Member"
  | "Clustering"
  | "Security"
  | "Auth"
  | "Monitoring"
  | "Logging"
  | "Features"
  | "Old names"
  | "Unsafe"
  | "General";

/** A flag that this server acts on. */
export interface Flag {
  readonly name: string;
  readonly group: FlagGroup;
  readonly kind: FlagKind;
  /** The default, written as on the command line. */
  readonly initial: string;
  readonly help: string;
  /** The values that a flag of kind `choice` may have. */
  readonly choices?: readonly string[];
}
