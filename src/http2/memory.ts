/** Whose work it is: work that goes first may use a reserve that ordinary work leaves alone. */
export type Priority = "ordinary" | "first";

/** Where bytes are counted that a client makes this process hold. */
export interface Pot {
  /** @returns false when there is no room: nothing was taken */
  tryTake(bytes: number, priority?: Priority): boolean;
  /** Counts what is held already, or bounded elsewhere. */
  take(bytes: number): void;
  release(bytes: number): void;
}

/** What a connection counts, each kind in its own pot. */
export interface ConnectionMemory {
  /** Streams that are open, with their header fields. */
  readonly calls: Pot;
  /** Frames, header blocks and bodies that have come, and that nobody has taken. */
  readonly requests: Pot;
  /** What is on its way to the client. */
  readonly answers: Pot;
}
