import type { ClusterId, Logger, MemberId } from "../base/index.js";
import type { Message } from "../raft/index.js";
import type { DialerConfig } from "./dialer.js";

/** The part of this member's raft node that its transport uses. */
export interface RaftSink {
  /**
   * Takes a message from a peer; messages of one peer arrive in order. While the returned promise is pending, a posted
   * message gets no answer, and a streamed one counts against the messages that one peer may have waiting.
   *
   * @throws anything when the message could not be taken; the error is logged, and a peer that posted the message gets
   * a 500
   */
  process(message: Message): Promise<void> | void;
  isIdRemoved(id: MemberId): boolean;
  /** Reports that a message to this peer was lost or will be: raft then probes the peer until it answers. */
  reportUnreachable(id: MemberId): void;
  /** Reports how the snapshot that was given to `sendSnapshot` for this peer ended; called once for each. */
  reportSnapshot(id: MemberId, outcome: "finish" | "failure"): void;
}

/**
 * The form in which a database is sent: one file in etcd's format, which every member takes, or the tables of the
 * sender's LevelDB, which cost neither side any work on single rows.
 */
export type SnapshotForm = "file" | "tables";

/**
 * Forms that a member says it takes: a file; tables as well, and databases in parts; tables with the checkpoint of the
 * index.
 */
export type PeerTakes = "file" | "tables" | "indexed tables";

/** How a database arrives. */
export interface SnapshotPart {
  readonly form: SnapshotForm;
  /** The name under which the sending can be resumed after a broken connection; undefined for one that cannot be. */
  readonly transfer: string | undefined;
  /** The place of the first byte of this body in the database. */
  readonly from: number;
  /** To be called when the storing has got further, so that the sender does not take it to hang. */
  progress(): void;
}

/** A database that arrives as a file and in one piece, as all of etcd's do. */
export const wholeFile: SnapshotPart = { form: "file", transfer: undefined, from: 0, progress: () => undefined };

/**
 * Stores a snapshot that a peer sends; resolves when it is on disk, and only then raft gets the message. The sink reads
 * the body at its own pace; reading throws when the connection breaks. The sink then has to remove what it has stored,
 * unless the sending can be resumed.
 */
export type SnapshotSink = (message: Message, body: AsyncIterable<Uint8Array>, part: SnapshotPart) => Promise<void>;

/** The parts that a member has of databases whose connection broke. */
export interface KeptParts {
  /**
   * The number of bytes, from the first one on, that the member has of a transfer; 0 for an unknown one, and undefined
   * while the transfer goes on.
   */
  kept(transfer: string): Promise<number | undefined>;
}

/** A snapshot to send to a peer. */
export interface OutgoingSnapshot {
  /** A `MsgSnap`. */
  readonly message: Message;
  readonly form: SnapshotForm;
  /** Number of bytes of the whole database, exactly. */
  readonly bodyBytes: number;
  /**
   * The database from a byte on; the next chunk is requested when the connection has room. It may be called again,
   * which ends the previous body.
   */
  body(from: number): AsyncIterable<Uint8Array>;
  /** Called once, in any case, when the database is no longer needed. */
  release(): void;
}

export interface TransportConfig extends DialerConfig {
  readonly logger: Logger;
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  /** Peer URLs of this member, sent with every request: peers that do not know the member yet reach it there. */
  readonly peerUrls: readonly string[];
  /** Version of this program, as "3.5.30". */
  readonly serverVersion: string;
  /** The oldest cluster version that this program works with, as "3.0.0". */
  readonly minClusterVersion: string;
  readonly raft: RaftSink;
  readonly snapshotSink: SnapshotSink;
  /** Set for a member that also takes tables, and databases in parts: it says so to its peers. */
  readonly parts?: KeptParts | undefined;
  /**
   * Called when a peer says that this member has been removed for good, so that it must stop. May be called more than
   * once.
   */
  readonly onRemoved: () => void;
  /** A stream counts as broken after so much silence, heartbeats of the link included. */
  readonly readTimeoutMs: number;
  /** A stream counts as broken when it accepts none of the waiting bytes for this long. */
  readonly writeTimeoutMs: number;
}
