import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SharedResponses } from "../../../src/rpc/services/shared-responses.js";
import { type TakenResponse, WaitingResponses } from "../../../src/rpc/services/waiting-responses.js";
import { type Encoded, Event, KeyValue } from "../../../src/wire/index.js";

function eventOf(valueBytes: number): Encoded<Event> {
  return Event.encode({ type: 0, kv: KeyValue.create({ value: new Uint8Array(valueBytes) }), prevKv: undefined });
}

/** A queue, and what each watcher has to hear in which responses, kept in the plainest way. */
class World {
  readonly queue = new WaitingResponses(new SharedResponses());
  /** The responses that wait for each watcher, as the names of their events, and the number of answers before them. */
  readonly #want = new Map<bigint, { names: string[]; answers: number; joinable: boolean }[]>();
  readonly #names = new Map<Encoded<Event>, string>();
  #revision = 1;
  #answers = 0;
  #answersTaken = 0;

  tell(watchers: readonly number[]): void {
    const revision = ++this.#revision;
    const event = eventOf(10);
    this.#names.set(event, `event ${revision}`);
    const batch = { events: [event], firstRevision: revision, bytes: event.length };
    for (const watcher of watchers) {
      const id = BigInt(watcher);
      this.queue.tell(id, revision, batch, watcher % 7 === 0);
      const responses = this.#want.get(id) ?? [];
      const last = responses.at(-1);
      if (last?.joinable === true) last.names.push(`event ${revision}`);
      else responses.push({ names: [`event ${revision}`], answers: this.#answers, joinable: true });
      this.#want.set(id, responses);
    }
  }

  answer(): void {
    this.#answers++;
    this.queue.answer(this.#revision, { watchId: -7n });
    for (const responses of this.#want.values()) for (const response of responses) response.joinable = false;
  }

  /** Takes a response. @returns false when there is none */
  take(most: number): boolean {
    const held = this.queue.heldBytes;
    const taken = this.queue.take(most);
    if (taken === undefined) return false;
    expect(taken.watchIds.length).toBeLessThanOrEqual(most);
    expect(this.queue.heldBytes).toBe(held - taken.ownBytes);
    if (taken.answer !== undefined) this.#answersTaken++;
    else for (const id of taken.watchIds) this.#check(id, taken);
    return true;
  }

  takeAll(): void {
    while (this.take(1_000));
    expect(this.#answersTaken).toBe(this.#answers);
    expect([...this.#want.values()].flat()).toEqual([]);
    expect(this.queue.heldBytes).toBe(0);
  }

  #check(id: bigint, { events, fragmented, revision }: TakenResponse): void {
    const want = this.#want.get(id)?.shift();
    const names = events?.all().map((event) => this.#names.get(event as Encoded<Event>));
    expect({ id, names, answers: this.#answersTaken }).toEqual({ id, names: want?.names, answers: want?.answers });
    expect(names?.at(-1)).toBe(`event ${revision}`);
    expect(fragmented).toBe(id % 7n === 0n);
  }
}

const someWatchers = fc.oneof(
  // Usually the same watchers are told, in the same order.
  fc.constantFrom([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3], [4, 5, 6, 8, 9], [11, 12]),
  fc.uniqueArray(fc.nat(12), { maxLength: 13 }),
);
const aStep = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("tell" as const), someWatchers) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("answer" as const)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("take" as const), fc.integer({ min: 1, max: 12 })) },
);

test("each watcher gets its events in order, in as few responses as if it had a queue of its own", () => {
  const property = fc.property(fc.array(aStep, { maxLength: 40 }), (steps) => {
    const world = new World();
    for (const step of steps) {
      if (step[0] === "tell") world.tell(step[1]);
      else if (step[0] === "answer") world.answer();
      else world.take(step[1]);
    }
    world.takeAll();
  });
  fc.assert(property, { numRuns: 300 });
});

describe("watchers that are told the same, one after the other", () => {
  const tell = (queue: WaitingResponses, watchers: number, revision: number, bytes = 100): void => {
    const batch = { events: [eventOf(bytes)], firstRevision: revision, bytes };
    for (let id = 0; id < watchers; id++) queue.tell(BigInt(id), revision, batch, false);
  };
  const sizes = (queue: WaitingResponses): number[] => {
    const found: number[] = [];
    for (let taken = queue.take(10_000); taken !== undefined; taken = queue.take(10_000)) {
      found.push(taken.watchIds.length);
    }
    return found;
  };

  test("wait together, however many writes there are", () => {
    const queue = new WaitingResponses(new SharedResponses());
    for (let revision = 2; revision < 12; revision++) tell(queue, 200, revision);
    expect([queue.first?.revision, queue.first?.events?.count]).toEqual([11, 10]);
    expect(sizes(queue)).toEqual([200]);
  });

  test("wait in groups of at most 256", () => {
    const queue = new WaitingResponses(new SharedResponses());
    for (let revision = 2; revision < 12; revision++) tell(queue, 1_000, revision);
    expect(sizes(queue)).toEqual([256, 256, 256, 232]);
    expect(queue.heldBytes).toBe(0);
  });

  test("wait for a further response when the first one is full", () => {
    const queue = new WaitingResponses(new SharedResponses());
    for (let revision = 2; revision < 12; revision++) tell(queue, 100, revision, 16_000);
    const found: unknown[] = [];
    for (let taken = queue.take(1_000); taken !== undefined; taken = queue.take(1_000)) {
      found.push([taken.watchIds.length, taken.events?.count, taken.revision]);
    }
    expect(found).toEqual([
      [100, 4, 5],
      [100, 4, 9],
      [100, 2, 11],
    ]);
  });
});
