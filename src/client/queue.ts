import { emptyBytes, type Key, prefixRange } from "../base/index.js";
import { EventType, SortOrder, SortTarget } from "../wire/index.js";
import type { Calls } from "./calls.js";
import { firstEvent } from "./first-event.js";
import type { CallOptions } from "./options.js";
import type { Session } from "./session.js";
import { compare, ops, Transaction } from "./transaction.js";

/** An item that a session works on. */
export interface QueueJob {
  readonly value: Uint8Array;
  /** A number that is greater for each later attempt at this item: see `Mutex` for how to use it. */
  readonly fencingToken: number;
  /** Removes the item. @returns false when the session's lease had ended, and another session may work on the item */
  done(call?: CallOptions): Promise<boolean>;
  /** Gives the item back, for any session to take. */
  giveBack(call?: CallOptions): Promise<void>;
}

/**
 * A queue of work by name, first in first out. A session claims an item with a key that is attached to its lease, and
 * removes the item when the work is done. The items of a session that dies are taken by others, so work is done at
 * least once.
 */
export class Queue {
  readonly #calls: Calls;
  readonly #prefix: Key;
  readonly #items: Key;
  readonly #claims: Key;

  constructor(client: Calls, name: Key) {
    this.#calls = client;
    this.#prefix = `${name}/`;
    this.#items = `${name}/items/`;
    this.#claims = `${name}/claims/`;
  }

  /** Adds an item at the end. */
  async add(value: Uint8Array, call?: CallOptions): Promise<void> {
    // Items are taken in the order of their creation, so that a key only has to be unused.
    for (;;) {
      const key = `${this.#items}${crypto.randomUUID()}`;
      const put = ops.put({ key, value });
      const added = new Transaction(this.#calls, [compare(key).isAbsent()], [put] as const, []);
      if ((await added.commit(call)).succeeded) return;
    }
  }

  /** Number of items, those that are worked on included. */
  async size(call?: CallOptions): Promise<number> {
    return (await this.#calls.range({ ...prefixRange(this.#items), countOnly: true }, call)).count;
  }

  /** Takes the oldest item that nobody works on; waits for one if there is none. */
  async take(session: Session, call: CallOptions = {}): Promise<QueueJob> {
    for (;;) {
      const { id, revision } = await this.#oldestFree(call);
      const job = id === undefined ? undefined : await this.#claim(id, session, call);
      if (job !== undefined) return job;
      // Another session was faster: the next item may be free.
      if (id !== undefined) continue;
      const changes = { ...prefixRange(this.#prefix), startRevision: revision + 1 };
      await firstEvent(this.#calls, changes, call, ({ type, kv }) => {
        const isItem = kv?.key.startsWith(this.#items) === true;
        return isItem === (type === EventType.PUT); // a new item, or the end of a claim
      });
    }
  }

  async #oldestFree(call: CallOptions): Promise<{ readonly id: string | undefined; readonly revision: number }> {
    const order = { sortTarget: SortTarget.CREATE, sortOrder: SortOrder.ASCEND };
    const claims = await this.#calls.range({ ...prefixRange(this.#claims), keysOnly: true }, call);
    const revision = claims.header?.revision ?? 0;
    const claimed = new Set(claims.kvs.map(({ key }) => key.slice(this.#claims.length)));
    // One more item than there are claims, so that a free one is among them if there is any.
    const oldest = { ...prefixRange(this.#items), ...order, limit: claimed.size + 1, keysOnly: true, revision };
    const { kvs } = await this.#calls.range(oldest, call);
    const ids = kvs.map(({ key }) => key.slice(this.#items.length));
    return { id: ids.find((id) => !claimed.has(id)), revision };
  }

  /** @returns undefined when another session was faster */
  async #claim(id: string, session: Session, call: CallOptions): Promise<QueueJob | undefined> {
    const [item, claim] = [this.#items + id, this.#claims + id];
    const free = [compare(item).exists(), compare(claim).isAbsent()];
    const work = [ops.range({ key: item }), ops.put({ key: claim, lease: session.lease })] as const;
    const claimed = await new Transaction(this.#calls, free, work, []).commit(call);
    if (!claimed.succeeded) return undefined;
    const fencingToken = claimed.header?.revision ?? 0;
    const held = compare(claim).createRevision("==", fencingToken);
    const remove = (key: Key) => ops.deleteRange({ key });
    return {
      value: claimed.answers[0].kvs[0]?.value ?? emptyBytes,
      fencingToken,
      done: async (last) => {
        const removals = [remove(item), remove(claim)] as const;
        return (await new Transaction(this.#calls, [held], removals, []).commit(last)).succeeded;
      },
      giveBack: async (last) => {
        await new Transaction(this.#calls, [held], [remove(claim)] as const, []).commit(last);
      },
    };
  }
}
