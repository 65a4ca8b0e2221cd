import { exponentialBounds, Histogram, type MemberId } from "../base/index.js";

class SnapshotCounters {
  succeeded = 0;
  failed = 0;
  underWay = 0;
  readonly seconds = new Histogram(exponentialBounds(0.1, 2, 10));
}

/** Counters for one peer since this member started. */
export class PeerCounters {
  active = false;
  disconnects = 0;
  sentBytes = 0;
  receivedBytes = 0;
  sentFailures = 0;
  receivedFailures = 0;
  readonly roundTrips = new Histogram(exponentialBounds(0.0001, 2, 16));
  readonly snapshotsSent = new SnapshotCounters();
  readonly snapshotsReceived = new SnapshotCounters();
}

/** Counters by peer. They stay when a peer is removed, since a counter must never go back. */
export type CountersByPeer = ReadonlyMap<MemberId, PeerCounters>;
