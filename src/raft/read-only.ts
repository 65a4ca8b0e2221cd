import { emptyBytes } from "../base/index.js";
import { type JointQuorum, jointCommitted } from "./quorum.js";
import type { Message, NodeId } from "./types.js";

/** A read that is answered once a quorum has confirmed that this leader still leads. */
export interface PendingRead {
  readonly request: Message;
  /** Commit index when the read arrived. */
  readonly index: number;
}

/**
 * The reads of one leader during its term, numbered in order of arrival. A heartbeat carries the number of the latest
 * read. A member that answers it confirms that read and all before it, so one round serves any number of reads.
 */
export class ReadOnly {
  #waiting: PendingRead[] = [];
  /** Number of reads that have been answered, and so the number of the last read before `#waiting`. */
  #confirmed = 0;
  readonly #acks = new Map<NodeId, number>();
  readonly #acked = (id: NodeId): number | undefined => this.#acks.get(id);

  add(request: Message, index: number): void {
    this.#waiting.push({ request, index });
  }

  /** Context of heartbeats; empty when no read waits. */
  heartbeatContext(): Uint8Array {
    if (this.#waiting.length === 0) return emptyBytes;
    const context = Buffer.alloc(8);
    context.writeBigUInt64LE(BigInt(this.#confirmed + this.#waiting.length));
    return context;
  }

  /** Records that `from` answered a heartbeat with this context. A context that is not ours confirms nothing. */
  acknowledge(from: NodeId, context: Uint8Array): void {
    if (context.length !== 8) return;
    const position = Buffer.from(context.buffer, context.byteOffset, 8).readBigUInt64LE();
    if (position > BigInt(this.#confirmed + this.#waiting.length)) return;
    this.#acks.set(from, Math.max(this.#acks.get(from) ?? 0, Number(position)));
  }

  /** Removes and returns the reads that a quorum has confirmed, in order. */
  advance(quorum: JointQuorum): readonly PendingRead[] {
    const confirmed = jointCommitted(quorum, this.#acked);
    if (confirmed <= this.#confirmed) return [];
    const reads = this.#waiting.splice(0, confirmed - this.#confirmed);
    this.#confirmed = confirmed;
    return reads;
  }
}
