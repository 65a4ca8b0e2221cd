interface Use {
  ms: number;
  /** When `ms` was counted. */
  at: number;
}

/** The share of the event loop's time that a client may use all the time, and it still counts as little. */
const littleShare = 0.01;
/** The time that a client may use at once, and it still counts as little. */
const littleMsMax = 2;
/** The most time that is remembered of a client. It is forgotten far enough within two seconds to count as little. */
const rememberedMsMax = 20;

/**
 * How much time of the event loop each client has used of late. Time is forgotten at a constant rate.
 */
export class RecentUse {
  readonly #uses = new WeakMap<object, Use>();

  /** Adds time that work for the client took until `now`. */
  add(client: object, ms: number, now: number): void {
    const use = this.#uses.get(client);
    if (use === undefined) {
      this.#uses.set(client, { ms: Math.min(rememberedMsMax, ms), at: now });
      return;
    }
    use.ms = Math.min(rememberedMsMax, left(use, now) + ms);
    use.at = now;
  }

  isLittle(client: object, now: number): boolean {
    const use = this.#uses.get(client);
    return use === undefined || left(use, now) < littleMsMax;
  }
}

function left({ ms, at }: Use, now: number): number {
  return Math.max(0, ms - (now - at) * littleShare);
}
