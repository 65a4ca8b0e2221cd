/**
 * Keeps all history from one revision on readable until it is released, even when a compaction has accepted a later
 * one.
 */
export interface Hold {
  release(): void;
}

/**
 * The revisions that readers hold. A compaction is answered at once, but removes nothing before these readers are done.
 */
export class Pins {
  readonly #held = new Map<number, number>();
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  hold(revision: number): Hold {
    this.#held.set(revision, (this.#held.get(revision) ?? 0) + 1);
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.#release(revision);
      },
    };
  }

  /**
   * Resolves when no revision below `revision` is held, or `signal` aborts. Once a revision is compacted, no new hold
   * can be taken below it.
   */
  releasedBelow(revision: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || !this.#anyBelow(revision)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ revision, resolve });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #release(revision: number): void {
    const left = (this.#held.get(revision) ?? 0) - 1;
    if (left > 0) this.#held.set(revision, left);
    else this.#held.delete(revision);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (this.#anyBelow(waiter.revision)) this.#waiting.push(waiter);
      else waiter.resolve();
    }
  }

  #anyBelow(revision: number): boolean {
    for (const held of this.#held.keys()) if (held < revision) return true;
    return false;
  }
}
