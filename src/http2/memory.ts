/** Priority of work: `first` may use a reserve that ordinary work must not touch. */
export type Priority = "ordinary" | "first";

/** Counts bytes that a client makes this process hold. */
export interface Pot {
  /** @returns false when there is no room: nothing was taken */
  tryTake(bytes: number, priority?: Priority): boolean;
  /** Counts bytes that are held already, or bounded elsewhere. */
  take(bytes: number): void;
  release(bytes: number): void;
}

/** The pots of a connection, one for each kind of memory. */
export interface ConnectionMemory {
  /** Open streams, with their header fields. */
  readonly calls: Pot;
  /** Received frames, header blocks and bodies that nobody has taken yet. */
  readonly requests: Pot;
  /** Answers on their way to the client. */
  readonly answers: Pot;
}
