import { type MemoryKind, memoryKinds } from "../../base/index.js";
import type { ThreadStats } from "../../threads/index.js";
import { CallCounters, type CallCounts, type ClientCount, type MethodCounters } from "../grpc/call-counters.js";

/** Bytes that are held for clients, and refusals for lack of room. */
export interface KindCounts {
  readonly heldBytes: number;
  readonly refusals: number;
}

/** The numbers of one loop that serves clients. */
export interface LoopCounts {
  readonly calls: CallCounts;
  /** A pot of a `MemoryAccount` has these counts. */
  readonly memory: MemoryPots;
}

/** The counts of memory by kind, as a `MemoryAccount` has them. */
export interface MemoryPots {
  pot(kind: MemoryKind): KindCounts;
}

/** The number of connections refused because file descriptors were short. */
export interface RefusedConnections {
  readonly clients: () => number;
  readonly peers: () => number;
}

/** Counters of the whole process from outside the server: calls, memory and connections, over all threads. */
export interface ProcessCounts extends LoopCounts {
  /** Brings the counters of other threads up to date. */
  gather(): Promise<void>;
  readonly logLinesLost: () => number;
  readonly connectionsRefused: RefusedConnections;
  /** The numbers of all threads; none when there is only one. */
  threads(): readonly ThreadStats[];
}

/** Log lines lost, and refused connections, which are counted once for all threads. */
export type SharedCounts = Pick<ProcessCounts, "logLinesLost" | "connectionsRefused">;

/** The counters of a process with one thread. */
export function oneLoopCounts(calls: CallCounts, memory: MemoryPots, shared: SharedCounts): ProcessCounts {
  return { calls, memory, ...shared, threads: () => [], gather: async () => undefined };
}

/** The counters of a process whose clients are served by other threads, as of the last `gather`. */
export class ThreadedCounts implements ProcessCounts {
  readonly logLinesLost: () => number;
  readonly connectionsRefused: RefusedConnections;
  readonly threads: () => readonly ThreadStats[];
  /** The counters of this thread. */
  readonly #own: LoopCounts;
  readonly #ask: () => Promise<readonly LoopCounts[]>;
  #calls = new CallCounters();
  #others: readonly LoopCounts[] = [];

  /** @param ask asks all front ends for their counters */
  constructor(
    own: LoopCounts,
    ask: () => Promise<readonly LoopCounts[]>,
    threads: () => readonly ThreadStats[],
    { logLinesLost, connectionsRefused }: SharedCounts,
  ) {
    this.#own = own;
    this.#ask = ask;
    this.threads = threads;
    this.logLinesLost = logLinesLost;
    this.connectionsRefused = connectionsRefused;
  }

  get calls(): CallCounts {
    const calls = (): CallCounters => this.#calls;
    return {
      get methods(): readonly MethodCounters[] {
        return calls().methods;
      },
      get receivedBytes(): number {
        return calls().receivedBytes;
      },
      get sentBytes(): number {
        return calls().sentBytes;
      },
      clients: (): Iterable<ClientCount> => calls().clients(),
    };
  }

  get memory(): MemoryPots {
    return { pot: (kind) => this.#sum(kind) };
  }

  async gather(): Promise<void> {
    this.#others = await this.#ask();
    this.#calls = new CallCounters();
    for (const { calls } of [this.#own, ...this.#others]) this.#calls.add(calls);
  }

  #sum(kind: MemoryKind): KindCounts {
    const pots = [this.#own, ...this.#others].map(({ memory }) => memory.pot(kind));
    return {
      heldBytes: pots.reduce((sum, { heldBytes }) => sum + heldBytes, 0),
      refusals: pots.reduce((sum, { refusals }) => sum + refusals, 0),
    };
  }
}

/** The counts by kind in the order of `memoryKinds`. */
export function potsOf(counts: readonly KindCounts[]): MemoryPots {
  return { pot: (kind) => counts[memoryKinds.indexOf(kind)] ?? { heldBytes: 0, refusals: 0 } };
}
