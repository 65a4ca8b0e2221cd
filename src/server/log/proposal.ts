import type { ApplyResult, Carried } from "../../apply/index.js";
import type { Clock } from "../../base/index.js";
import type { ServerCounters } from "../counters.js";
import type { ClientShare } from "./client-shares.js";
import type { ProposalWindow } from "./proposal-window.js";
import type { Asker } from "./proposals.js";

export interface ProposalConfig {
  readonly clock: Clock;
  readonly counters: Pick<ServerCounters, "countRequest">;
  readonly window: ProposalWindow;
}

/** Gets the outcome of a proposal: the functions of a promise. */
export interface Outcome {
  readonly carried: (carried: Carried) => void;
  readonly failed: (error: Error) => void;
}

/**
 * One proposal, from its beginning to its outcome. It is an object with callbacks and makes no promise of its own:
 * every promise between the proposer and the apply loop would cost each write several hundred bytes.
 */
export class Proposal implements Asker<ApplyResult> {
  readonly startedAt: number;
  readonly #config: ProposalConfig;
  readonly #type: string | undefined;
  readonly #outcome: Outcome;
  /** The bytes that it takes of the window; 0 before it has room. */
  #windowBytes = 0;
  /** The share of its client, of which it takes a place; undefined for long proposals, and for those of the server. */
  #share: ClientShare | undefined;
  #stopWaiting: (() => void) | undefined;

  /** @param type etcd's name for the request, under which it is counted; undefined when it is not counted */
  constructor(config: ProposalConfig, type: string | undefined, outcome: Outcome) {
    this.startedAt = config.clock.now();
    this.#config = config;
    this.#type = type;
    this.#outcome = outcome;
  }

  /** Takes room of the window. */
  open(bytes: number): void {
    this.#windowBytes = bytes;
    this.#config.window.open(bytes);
  }

  /** Takes a place of its client's share. */
  enter(share: ClientShare): void {
    this.#share = share;
    share.enter();
  }

  /** The proposal waits for room. @param stop ends the wait; it does nothing once there was room */
  waits(stop: () => void): void {
    this.#stopWaiting = stop;
  }

  settled(result: ApplyResult): void {
    if (result.error !== undefined) this.failed(result.error);
    else {
      this.#end(true);
      this.#outcome.carried(result);
    }
  }

  failed(error: Error): void {
    this.#end(false);
    this.#outcome.failed(error);
  }

  #end(success: boolean): void {
    const { clock, counters, window } = this.#config;
    this.#stopWaiting?.();
    // The next proposals must not start in the middle of the entry whose result this is.
    if (window.awaited || this.#share?.awaited) queueMicrotask(() => this.#makeRoom());
    else this.#makeRoom();
    if (this.#type !== undefined) counters.countRequest(this.#type, success, (clock.now() - this.startedAt) / 1_000);
  }

  #makeRoom(): void {
    this.#config.window.close(this.#windowBytes);
    this.#share?.leave();
  }
}
