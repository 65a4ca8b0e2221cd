import type { Timer } from "../../base/index.js";
import type { CallError } from "../../rpc/index.js";
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse, services } from "../../wire/index.js";
import { StandingStream } from "../standing-stream.js";
import type { Upstream } from "../upstream.js";

const { LeaseKeepAlive } = services["etcdserverpb.Lease"];

/** A lease is renewed at most once in this time, in ms, or in a third of its time to live if that is shorter. */
const renewedMsMin = 500;

/** The stream of a client that renews leases. */
export interface RenewalOwner {
  /** @param answer the encoded answer of a member */
  renewed(answer: Uint8Array): void;
  failed(error: CallError): void;
}

/** A lease that clients renew at the moment. */
interface Lease {
  readonly id: bigint;
  /** The clients that wait for an answer; one that has asked twice is here twice. */
  waiting: RenewalOwner[];
  /** Whether a member was asked and has not answered. */
  asked: boolean;
  /** When the next renewal may be sent, on the proxy's clock. */
  dueAt: number;
  timer: Timer | undefined;
}

/**
 * The renewals of leases for clients with the same token and the same wish for a leader. One stream to a member carries
 * them, and however many clients renew the same lease, the member is asked for it once in a while.
 */
export class Renewals {
  readonly #upstream: Upstream;
  readonly #stream: StandingStream;
  readonly #onEmpty: () => void;
  readonly #owners = new Set<RenewalOwner>();
  readonly #leases = new Map<bigint, Lease>();

  /** @param onEmpty called when the last client has gone */
  constructor(upstream: Upstream, metadata: Readonly<Record<string, string>>, onEmpty: () => void) {
    this.#upstream = upstream;
    this.#onEmpty = onEmpty;
    this.#stream = new StandingStream(upstream, LeaseKeepAlive.path, metadata, {
      opened: () => this.#opened(),
      message: (bytes) => this.#received(bytes),
      failed: (error) => this.#failed(error),
    });
  }

  enter(owner: RenewalOwner): void {
    this.#owners.add(owner);
    if (this.#owners.size === 1) this.#stream.open();
  }

  leave(owner: RenewalOwner): void {
    if (!this.#owners.delete(owner)) return;
    for (const lease of [...this.#leases.values()]) {
      if (!lease.waiting.includes(owner)) continue;
      lease.waiting = lease.waiting.filter((other) => other !== owner);
      if (lease.waiting.length === 0) this.#forget(lease);
    }
    if (this.#owners.size > 0) return;
    for (const lease of [...this.#leases.values()]) this.#forget(lease);
    this.#stream.close();
    this.#onEmpty();
  }

  /** Renews a lease. The owner gets one answer for each call. */
  renew(id: bigint, owner: RenewalOwner): void {
    const lease = this.#leases.get(id) ?? { id, waiting: [], asked: false, dueAt: 0, timer: undefined };
    this.#leases.set(id, lease);
    lease.waiting.push(owner);
    this.#look(lease);
  }

  /** Asks the member when it is time, or sets a timer. */
  #look(lease: Lease): void {
    if (lease.asked || lease.waiting.length === 0) return;
    lease.timer?.cancel();
    const now = this.#upstream.clock.now();
    if (now < lease.dueAt) {
      lease.timer = this.#upstream.clock.after(lease.dueAt - now, () => this.#look(lease));
      return;
    }
    lease.timer = undefined;
    lease.asked = this.#stream.send(LeaseKeepAliveRequest.encode({ id: lease.id }));
  }

  #opened(): void {
    for (const lease of this.#leases.values()) {
      lease.asked = false;
      this.#look(lease);
    }
  }

  #received(bytes: Uint8Array): void {
    const { id, ttl } = LeaseKeepAliveResponse.decode(bytes);
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.asked = false;
    const waiting = lease.waiting;
    lease.waiting = [];
    const pauseMs = Math.min(renewedMsMin, (ttl * 1_000) / 3);
    lease.dueAt = this.#upstream.clock.now() + pauseMs;
    if (ttl <= 0) this.#forget(lease);
    else lease.timer = this.#upstream.clock.after(pauseMs, () => this.#forgetIdle(lease));
    for (const owner of waiting) owner.renewed(bytes);
  }

  /** Forgets a lease for which nobody waits when its next renewal may be sent. */
  #forgetIdle(lease: Lease): void {
    if (lease.waiting.length === 0) this.#forget(lease);
    else this.#look(lease);
  }

  #forget(lease: Lease): void {
    lease.timer?.cancel();
    if (this.#leases.get(lease.id) === lease) this.#leases.delete(lease.id);
  }

  #failed(error: CallError): void {
    const owners = [...this.#owners];
    for (const owner of owners) {
      this.leave(owner);
      owner.failed(error);
    }
  }
}
