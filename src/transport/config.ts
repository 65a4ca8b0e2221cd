import type { ClusterId, Logger, MemberId } from "../base/index.js";
import type { Message } from "../raft/index.js";
import type { DialerConfig } from "./dialer.js";

/** The raft node of this member, as its transport sees it. */
export interface RaftSink {
  /**
   * Takes a message from a peer; those of one peer come in order. A promise that is pending holds back the answer to
   * whoever posted the message, and counts against the messages that one peer may have waiting.
   *
   * @throws anything when the message could not be taken; it is logged, and a peer that waits hears a 500
   */
  process(message: Message): Promise<void> | void;
  isIdRemoved(id: MemberId): boolean;
  /** A message to this peer was lost, or will be: raft probes until it hears of it again. */
  reportUnreachable(id: MemberId): void;
  /** How the one snapshot that was handed to `sendSnapshot` for this peer ended; called once for each. */
  reportSnapshot(id: MemberId, outcome: "finish" | "failure"): void;
}

/**
 * Stores a snapshot that a peer sends: resolves when it is on disk, and only then raft hears of the message. The body
 * is read at the sink's own pace and throws when the connection breaks; what is stored by then is the sink's to remove.
 */
export type SnapshotSink = (message: Message, body: AsyncIterable<Uint8Array>) => Promise<void>;

/** A snapshot on its way to a peer. */
export interface OutgoingSnapshot {
  /** A `MsgSnap`. */
  readonly message: Message;
  /** Exactly as many bytes as `body` yields. */
  readonly bodyBytes: number;
  /** The database; asked for the next chunk when the connection has room. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Called once, whatever happened, when nothing of `body` is needed any more. */
  release(): void;
}

export interface TransportConfig extends DialerConfig {
  readonly logger: Logger;
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  /** Where this member is reached; peers that do not know it yet find it there. */
  readonly peerUrls: readonly string[];
  /** Version of this program, as "3.5.30". */
  readonly serverVersion: string;
  /** The oldest cluster it can be in, as "3.0.0". */
  readonly minClusterVersion: string;
  readonly raft: RaftSink;
  readonly snapshotSink: SnapshotSink;
  /** A peer says that this member has been removed for good: it must stop. May be called more than once. */
  readonly onRemoved: () => void;
  /** A stream that was silent for so long, heartbeats of the link included, is broken. */
  readonly readTimeoutMs: number;
  /** A stream that took none of what waits for so long is broken. */
  readonly writeTimeoutMs: number;
}
