/** Counts what the proxy saves the members, for its metrics. */
export interface WatchCounters {
  /** The watchers at members. */
  broadcasts: number;
  /** The clients' watchers that share a watcher at a member with another one, without the first of each. */
  coalesced: number;
  /** The times that events were delivered to a further watcher of the same keys. */
  eventsCoalesced: number;
}
