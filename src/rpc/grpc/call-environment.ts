import type { Clock, Logger, LoopTurn } from "../../base/index.js";
import type { SlowCalls } from "../services/slow-calls.js";
import type { CallCounters } from "./call-counters.js";
import type { Deadlines } from "./deadlines.js";
import type { Gate } from "./gate.js";
import type { HalfOpenCalls } from "./half-open-calls.js";

/** What all calls of a server share. */
export interface CallEnvironment {
  readonly gate: Gate;
  readonly counters: CallCounters;
  readonly logger: Logger;
  readonly slow: SlowCalls;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Longest message that is taken. */
  readonly receiveBytesMax: number;
  /** Whether to measure how long calls take. */
  readonly timed: boolean;
  /** Calls that may last: streams, and those that wait. Whoever stops the server ends them. */
  readonly lasting: LastingCalls;
  /** Calls of which no message has come. */
  readonly halfOpen: Pick<HalfOpenCalls, "enter" | "leave">;
  /** The turn of the event loop that all clients share. */
  readonly turn: LoopTurn;
}

/** A call that may last. */
export interface LastingCall {
  /** Ends it because the server stops. */
  stop(): void;
}

export interface LastingCalls {
  add(call: LastingCall): void;
  /** Its handler is done. */
  delete(call: LastingCall): void;
}
