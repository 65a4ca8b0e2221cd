import type { ValueCodec } from "./codecs.js";
import { type Change, changeOf } from "./entry.js";
import { type EndingEvents, type Listener, Listeners } from "./listeners.js";
import type { Watch } from "./watch.js";

/** The events of `Changes`, and what their listeners get. */
export interface ChangeEvents<T> extends EndingEvents {
  readonly put: Extract<Change<T>, { readonly type: "put" }>;
  readonly delete: Extract<Change<T>, { readonly type: "delete" }>;
}

/**
 * The changes of all keys with a prefix, over lost connections and restarts of servers. Iterate over them, or listen
 * with `on`. They end at `cancel`, at the signal of their call, when the loop over them is left, and when the client is
 * closed; whatever else ends them is an error, which the loop throws and listeners of `end` get. So is a value that the
 * codec cannot read.
 */
export class Changes<T> implements AsyncIterableIterator<Change<T>, undefined>, AsyncDisposable {
  readonly #watch: Watch;
  readonly #changes: AsyncGenerator<Change<T>, undefined>;
  #listeners: Listeners<ChangeEvents<T>> | undefined;
  #iterated = false;
  #canceled = false;

  /** Created by `Values.changes`. */
  constructor(watch: Watch, codec: ValueCodec<T>) {
    this.#watch = watch;
    this.#changes = changesOf(watch, codec);
  }

  /** Calls `listener` for each later event of a kind. The rules are those of `Watch.on`. */
  on<Name extends keyof ChangeEvents<T>>(name: Name, listener: Listener<ChangeEvents<T>[Name]>): this {
    if (this.#iterated) throw new TypeError("changes that are iterated over cannot have listeners, too");
    if (this.#listeners === undefined) {
      this.#listeners = new Listeners();
      const source = { stopped: () => this.#canceled, stop: () => this.cancel() };
      void this.#listeners.follow(this.#changes, (change) => [eventOf(change)], source);
    }
    this.#listeners.add(name, listener);
    return this;
  }

  /** Calls `listener` no more. */
  off<Name extends keyof ChangeEvents<T>>(name: Name, listener: Listener<ChangeEvents<T>[Name]>): this {
    this.#listeners?.remove(name, listener);
    return this;
  }

  /** Ends the changes; a loop still gets those that have arrived. */
  cancel(): void {
    this.#canceled = true;
    this.#watch.cancel();
  }

  async next(): Promise<IteratorResult<Change<T>, undefined>> {
    if (this.#listeners !== undefined) throw new TypeError("changes with listeners cannot be iterated over, too");
    this.#iterated = true;
    return this.#changes.next();
  }

  return(): Promise<IteratorResult<Change<T>, undefined>> {
    this.cancel();
    return this.#changes.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }
}

function eventOf<T>(change: Change<T>) {
  return change.type === "put" ? (["put", change] as const) : (["delete", change] as const);
}

async function* changesOf<T>(watch: Watch, codec: ValueCodec<T>): AsyncGenerator<Change<T>, undefined> {
  try {
    for await (const { events } of watch) {
      for (const { type, kv } of events) if (kv !== undefined) yield changeOf(type, kv, codec);
    }
    return undefined;
  } finally {
    watch.cancel();
  }
}
