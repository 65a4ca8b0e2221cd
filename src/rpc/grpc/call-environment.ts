import type { Clock, Logger, LoopTurn } from "../../base/index.js";
import type { SlowCalls } from "../services/slow-calls.js";
import type { CallCounters } from "./call-counters.js";
import type { Deadlines } from "./deadlines.js";
import type { Admission } from "./gate.js";
import type { HalfOpenCalls } from "./half-open-calls.js";

/** The objects and settings that all calls of a server share. */
export interface CallEnvironment {
  readonly gate: Admission;
  readonly counters: CallCounters;
  readonly logger: Logger;
  readonly slow: SlowCalls;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** The maximum length of a received message. */
  readonly receiveBytesMax: number;
  /** Whether to measure the duration of calls. */
  readonly timed: boolean;
  /** Streams and waiting calls, which are ended when the server stops. */
  readonly lasting: LastingCalls;
  /** The calls of which no message has arrived. */
  readonly halfOpen: Pick<HalfOpenCalls, "enter" | "leave">;
  /** The time slices of the event loop that all clients share. */
  readonly turn: LoopTurn;
}

/** A call without a bound on its duration. */
export interface LastingCall {
  /** Ends the call because the server stops. */
  stop(): void;
}

export interface LastingCalls {
  add(call: LastingCall): void;
  /** Removes a call whose handler has ended. */
  delete(call: LastingCall): void;
}
