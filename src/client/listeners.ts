import { asError } from "../base/index.js";

/** A function that is called for each event of one kind. If it returns a promise, later events wait for that. */
export type Listener<Value> = (value: Value) => void | Promise<void>;

/** The kinds of events of a source, and what listeners get. */
export interface EndingEvents {
  /** The last event, which happens once. Undefined when the program itself ended the source. */
  readonly end: Error | undefined;
}

type Told<Events> = { [Name in keyof Events]: readonly [name: Name, value: Events[Name]] }[keyof Events];

/** Functions that are called for the events of a source, one after the other and in order. */
export class Listeners<Events extends EndingEvents> {
  readonly #byName = new Map<keyof Events, Set<Listener<never>>>();

  add<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners.add(listener));
  }

  remove<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    this.#byName.get(name)?.delete(listener);
  }

  /**
   * Reads `items` until they end, and tells the events of each. `end` is told at last, with the error that ended the
   * items or that a listener threw.
   *
   * @param source `stopped` tells whether the program has ended the items: listeners then hear only `end`. `stop` ends
   *   them after a listener has thrown.
   * @throws the error when nobody listens for `end`
   */
  async follow<Item>(
    items: AsyncIterable<Item>,
    eventsOf: (item: Item) => Iterable<Told<Events>>,
    source: { readonly stopped: () => boolean; readonly stop: () => void },
  ): Promise<void> {
    let failure: Error | undefined;
    try {
      for await (const item of items) {
        for (const [name, value] of eventsOf(item)) if (!source.stopped()) await this.#tell(name, value);
      }
    } catch (error) {
      failure = asError(error);
      source.stop();
    }
    const ends = this.#byName.get("end");
    if (failure !== undefined && (ends === undefined || ends.size === 0)) throw failure;
    await this.#tell("end", failure);
  }

  async #tell<Name extends keyof Events>(name: Name, value: Events[Name]): Promise<void> {
    for (const listener of [...(this.#byName.get(name) ?? [])]) await (listener as Listener<Events[Name]>)(value);
  }
}
