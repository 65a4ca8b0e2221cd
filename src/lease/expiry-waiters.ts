import { EtcdError, type LeaseId } from "../base/index.js";

/**
 * Keepalives that came too late: their leases have run out, and only the log can tell whether they are revoked. Each
 * waiting caller ends its wait with its signal.
 */
export class ExpiryWaiters {
  readonly #waiting = new Map<LeaseId, Set<(reason: unknown) => void>>();

  /**
   * Rejects when the lease's outcome is known: `leaseNotFound` once it is revoked, `notLeader` when this member is no
   * longer the primary, the signal's reason when the caller gave up.
   */
  wait(id: LeaseId, signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const waiters = this.#waiting.get(id) ?? new Set();
      const leave = (reason: unknown): void => {
        signal.removeEventListener("abort", abort);
        waiters.delete(leave);
        if (waiters.size === 0) this.#waiting.delete(id);
        reject(reason);
      };
      const abort = (): void => leave(signal.reason);
      signal.addEventListener("abort", abort);
      waiters.add(leave);
      this.#waiting.set(id, waiters);
    });
  }

  revoked(id: LeaseId): void {
    for (const leave of this.#waiting.get(id) ?? []) leave(new EtcdError("leaseNotFound"));
  }

  demoted(): void {
    for (const id of [...this.#waiting.keys()]) {
      for (const leave of this.#waiting.get(id) ?? []) leave(new EtcdError("notLeader"));
    }
  }
}
