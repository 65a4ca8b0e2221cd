import type { Random, Timer } from "../../src/base/index.js";
import type { ProcessClock } from "../../src/testing/process-clock.js";
import type { KeptParts, OutgoingSnapshot, SnapshotPart } from "../../src/transport/index.js";

/** How long a sender waits for a sign of its peer before it gives the connection up, in ms. */
const patienceMs = 2_000;
/** The time before an attempt to resume, in ms. */
const retryMs = 1_000;
/** The most attempts in a row to resume without that the peer has got any further. */
const retriesMax = 10;
/** The number of pieces that a database is sent in. Between them connections break and processes die. */
const pieceCount = 8;

/** The receiving process. */
export interface Receiver {
  readonly clock: ProcessClock;
  readonly parts: KeptParts | undefined;
  /** Stores the database, and passes the message on to raft. */
  take(body: AsyncIterable<Uint8Array>, part: SnapshotPart): Promise<void>;
}

/** The way of a database from one process to another. */
export interface Route {
  readonly random: Random;
  /** The clock of the sending process. */
  readonly clock: ProcessClock;
  /** A random time that a message takes. */
  delay(): number;
  /** The process that runs at the other end now, if messages pass in both directions. */
  receiver(): Receiver | undefined;
  note(what: string): void;
}

/** One connection, on which a body arrives. Its reader waits for each piece. */
class Connection implements AsyncIterable<Uint8Array> {
  /** The process that reads. */
  readonly receiver: Receiver;
  readonly #pieces: Uint8Array[] = [];
  #end: { readonly error: Error | undefined } | undefined;
  #arrived: () => void = () => undefined;

  constructor(receiver: Receiver) {
    this.receiver = receiver;
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#arrived();
  }

  end(error?: Error): void {
    this.#end ??= { error };
    this.#arrived();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) yield piece;
      else if (this.#end?.error !== undefined) throw this.#end.error;
      else if (this.#end !== undefined) return;
      else {
        await new Promise<void>((resolve) => {
          this.#arrived = resolve;
        });
      }
    }
  }
}

/** The peer has refused the database, or the sender cannot read it: another attempt would end in the same way. */
class FinalError extends Error {}

/**
 * Sends one database in pieces, each of which takes time, as `transport/snapshot-sender.ts` does over HTTP: when the
 * connection breaks, a peer that keeps what it has gets the rest on another one.
 */
export class DatabaseSending {
  /** Number of times that a database was resumed behind its first byte. */
  resumed = 0;
  readonly #route: Route;
  readonly #snapshot: OutgoingSnapshot;
  /** The name of the transfer; undefined when the peer cannot resume one. */
  readonly #transfer: string | undefined;
  #connection: Connection | undefined;

  constructor(route: Route, snapshot: OutgoingSnapshot, resumable: boolean) {
    this.#route = route;
    this.#snapshot = snapshot;
    const { random } = route;
    this.#transfer = resumable
      ? random
          .int(2 ** 32)
          .toString(16)
          .padStart(16, "0")
      : undefined;
  }

  /** @throws Error when the database has not been stored, as far as the sender knows */
  async send(): Promise<void> {
    let retries = 0;
    for (let from = 0; ; ) {
      try {
        return await this.#post(from);
      } catch (error) {
        const transfer = this.#transfer;
        if (transfer === undefined || error instanceof FinalError) throw error;
        for (let kept: number | undefined; kept === undefined; ) {
          if (retries++ === retriesMax) throw error;
          await this.#pause(retryMs);
          kept = await this.#kept(transfer);
          if (kept === undefined) continue;
          if (kept > from) retries = 0;
          from = kept;
        }
        if (from > 0) this.resumed++;
        this.#route.note(`resumes a database at ${from}`);
      }
    }
  }

  /** The sending process has ended: the peer sees the connection break. */
  cut(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const broken = new Error("the connection broke");
    connection.receiver.clock.after(this.#route.delay(), () => connection.end(broken));
  }

  async #post(from: number): Promise<void> {
    const { random } = this.#route;
    const { form, bodyBytes } = this.#snapshot;
    const receiver = this.#route.receiver();
    if (receiver === undefined) throw new Error("the peer is not reached");
    const connection = new Connection(receiver);
    this.#connection = connection;
    const stored: { outcome?: Promise<void> } = {};
    const part = { form, transfer: this.#transfer, from, progress: () => undefined };
    try {
      await this.#reach(receiver, () => {
        stored.outcome = receiver.take(connection, part);
        // The sender asks for the outcome later.
        stored.outcome.catch(() => undefined);
      });
      for await (const piece of this.#pieces(from, Math.max(64, Math.ceil(bodyBytes / pieceCount)))) {
        if (random.int(15) === 0) throw new Error("the connection broke");
        // The sums of tables find damage; files of etcd's format have none.
        const damaged = form === "tables" && random.int(300) === 0;
        await this.#reach(receiver, () => connection.push(damaged ? withOneBitChanged(piece) : piece));
      }
      await this.#reach(receiver, () => connection.end());
      await this.#answer(receiver, stored.outcome ?? Promise.reject(new Error("nothing was stored")));
    } catch (error) {
      this.cut();
      throw error;
    } finally {
      this.#connection = undefined;
    }
  }

  async *#pieces(from: number, bytes: number): AsyncGenerator<Uint8Array> {
    const body = this.#snapshot.body(from)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await body.next().catch((error: unknown) => {
          throw new FinalError("the database cannot be read", { cause: error });
        });
        if (next.done === true) return;
        for (let at = 0; at < next.value.length; at += bytes) yield next.value.subarray(at, at + bytes);
      }
    } finally {
      await body.return?.();
    }
  }

  /** Lets something happen at the receiver. @throws Error when it has not happened in time */
  #reach(receiver: Receiver, act: () => void): Promise<void> {
    const { clock, delay, receiver: current } = this.#route;
    return new Promise((resolve, reject) => {
      let over = false;
      const deadline: Timer = clock.after(patienceMs, () => {
        over = true;
        reject(new Error("the peer does not take more"));
      });
      receiver.clock.after(delay(), () => {
        if (over) return;
        if (current() !== receiver) return;
        deadline.cancel();
        act();
        resolve();
      });
    });
  }

  /** The peer's answer: whether it has stored the database. @throws FinalError when it has refused it */
  #answer(receiver: Receiver, outcome: Promise<void>): Promise<void> {
    const { clock, delay, receiver: current } = this.#route;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (current() !== receiver) reject(new Error("the peer does not answer"));
        else timer = clock.after(patienceMs, look);
      };
      let timer = clock.after(patienceMs, look);
      const settle = (run: () => void): void => {
        clock.after(delay(), () => {
          // An answer can be lost, too. The peer says that it has everything when it is asked.
          if (current() !== receiver) return;
          timer.cancel();
          run();
        });
      };
      outcome.then(
        () => settle(resolve),
        (error: unknown) => settle(() => reject(new FinalError("the peer refuses the database", { cause: error }))),
      );
    });
  }

  /** How many bytes the peer has; undefined when that is not known. */
  async #kept(transfer: string): Promise<number | undefined> {
    const receiver = this.#route.receiver();
    if (receiver === undefined) return undefined;
    try {
      const asked: { answer?: Promise<number | undefined> | undefined } = {};
      await this.#reach(receiver, () => {
        asked.answer = receiver.parts?.kept(transfer).catch(() => undefined);
      });
      const kept = await asked.answer;
      await this.#pause(this.#route.delay());
      return this.#route.receiver() === receiver ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#route.clock.after(ms, resolve));
  }
}

function withOneBitChanged(piece: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(piece);
  const at = changed.length >> 1;
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
