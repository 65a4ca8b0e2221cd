import { GrpcCode, type Timer } from "../base/index.js";
import { type LeaseKeepAliveRequest, type LeaseKeepAliveResponse, services } from "../wire/index.js";
import type { Caller } from "./caller.js";
import { ClientError } from "./client-error.js";
import { KeepAlive } from "./keep-alive.js";
import type { CallOptions } from "./options.js";
import { StandingStream } from "./standing-stream.js";
import { AttemptError, type Link, type LinkCall } from "./transport.js";

const { LeaseKeepAlive } = services["etcdserverpb.Lease"];
const lookEveryMs = 500;
/** Pause before an unanswered renewal is sent again. */
const againMs = 500;

/** One lease that is kept alive, for one or more parts of the program. */
interface Kept {
  readonly id: bigint;
  readonly keepers: Set<KeepAlive>;
  /** When the unanswered renewals of this stream were sent, on the client's clock. The server answers in order. */
  sentAt: number[];
  dueAt: number;
}

/** All leases that a client keeps alive, with one stream and one timer. */
export class KeepAliveHub {
  readonly #caller: Caller;
  readonly #stream: StandingStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>;
  readonly #leases = new Map<bigint, Kept>();
  #timer: Timer | undefined;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#stream = new StandingStream(
      caller,
      LeaseKeepAlive,
      {},
      {
        opened: () => this.#opened(),
        message: (answer) => this.#received(answer),
        failed: (error) => this.#failed(error),
      },
    );
  }

  /** @param lostAt when the lease ends unless it is renewed, on the client's clock; undefined when that is not known */
  keep(id: bigint, lostAt?: number): KeepAlive {
    const now = this.#caller.clock.now();
    const keeper = new KeepAlive(id, now, lostAt, (gone) => this.#remove(gone));
    const lease = this.#leases.get(id) ?? { id, keepers: new Set(), sentAt: [], dueAt: now };
    lease.keepers.add(keeper);
    lease.dueAt = now;
    this.#leases.set(id, lease);
    this.#look();
    return keeper;
  }

  end(): void {
    for (const keeper of this.#keepers()) keeper.cancel();
  }

  #keepers(): KeepAlive[] {
    return [...this.#leases.values()].flatMap(({ keepers }) => [...keepers]);
  }

  /** Sends the due renewals; gives up leases that have not been renewed for their time to live. */
  #look(): void {
    this.#timer?.cancel();
    const now = this.#caller.clock.now();
    for (const keeper of this.#keepers()) if (now >= keeper.lostAt) keeper.cancel();
    if (this.#leases.size === 0) return;
    this.#stream.open();
    for (const lease of this.#leases.values()) {
      if (now < lease.dueAt || !this.#stream.send({ id: lease.id })) continue;
      lease.sentAt.push(now);
      lease.dueAt = now + againMs; // the answer sets the exact time
    }
    const firstLoss = this.#keepers().reduce((first, { lostAt }) => Math.min(first, lostAt), now + lookEveryMs);
    this.#timer = this.#caller.clock.after(firstLoss - now, () => this.#look());
  }

  #opened(): void {
    for (const lease of this.#leases.values()) {
      lease.sentAt = []; // these answers are lost with their stream
      lease.dueAt = this.#caller.clock.now();
    }
    this.#look();
  }

  #received(answer: LeaseKeepAliveResponse): void {
    this.#stream.works();
    const lease = this.#leases.get(answer.id);
    if (lease === undefined) return;
    const now = this.#caller.clock.now();
    const [sentAt = now] = lease.sentAt.splice(0, 1);
    const ttlMs = answer.ttl * 1_000;
    lease.dueAt = now + ttlMs / 3;
    for (const keeper of [...lease.keepers]) {
      if (answer.ttl > 0) keeper.renewed(answer, sentAt + ttlMs);
      else keeper.cancel();
    }
  }

  #failed(error: ClientError): void {
    for (const keeper of this.#keepers()) {
      this.#remove(keeper);
      keeper.fail(error);
    }
  }

  #remove(keeper: KeepAlive): void {
    const lease = this.#leases.get(keeper.id);
    lease?.keepers.delete(keeper);
    if (lease?.keepers.size === 0) this.#leases.delete(keeper.id);
    if (this.#leases.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stream.close();
  }
}

/** Renews a lease once. @throws ClientError `etcdserver: requested lease not found` when there is no such lease */
export async function keepAliveOnce(caller: Caller, id: bigint, call: CallOptions): Promise<LeaseKeepAliveResponse> {
  const answer = await caller.attempts(LeaseKeepAlive.path, call, true, (link, linkCall) =>
    firstAnswer(link, linkCall, id),
  );
  if (answer.ttl > 0) return answer;
  throw new ClientError(GrpcCode.NotFound, "etcdserver: requested lease not found");
}

function firstAnswer(link: Link, call: LinkCall, id: bigint): Promise<LeaseKeepAliveResponse> {
  return new Promise((resolve, reject) => {
    const stream = link.stream(LeaseKeepAlive, call, {
      message: (answer) => {
        resolve(answer);
        stream.cancel();
      },
      closed: (error) =>
        reject(error ?? new AttemptError(GrpcCode.Unavailable, "the stream ended", link.endpoint, false)),
    });
    stream.send({ id });
  });
}
