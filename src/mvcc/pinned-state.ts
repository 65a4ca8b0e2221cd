import type { Hold } from "./pins.js";
import { StateReader } from "./state-reader.js";
import type { StoreState } from "./store-state.js";

/**
 * The state of the key space at one revision: until it is released, neither writes nor compactions change it. Reads of
 * earlier revisions are possible, too, but a compaction may remove those between two steps.
 */
export class PinnedState extends StateReader {
  readonly revision: number;
  protected readonly state: StoreState;
  readonly #hold: Hold;

  constructor(state: StoreState) {
    super();
    this.state = state;
    this.revision = state.revision;
    this.#hold = state.pins.hold(state.revision);
  }

  /** Lets compactions go on. May be called again. */
  release(): void {
    this.#hold.release();
  }
}
