/** Handle of an item in a `FairQueue`. */
export interface QueuePlace {
  /** Removes the item. @returns false when it was taken or removed already */
  leave(): boolean;
}

/**
 * A queue that serves its owners in turn: `take` goes round the owners with items, one item each, and takes the items
 * of one owner in order of arrival. However many items one owner has queued, another's first item is taken after at
 * most one item of every other owner. Every operation takes constant time.
 */
export class FairQueue<Item> {
  /** Items of each owner that has any. */
  readonly #lines = new Map<object, Line<Item>>();
  readonly #round: Chain<Line<Item>> = { first: undefined, last: undefined };
  #size = 0;

  /** Number of queued items. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item after those of the same owner; an owner without items comes last in the round. */
  push(item: Item, owner: object): QueuePlace {
    let line = this.#lines.get(owner);
    if (line === undefined) {
      line = { owner, first: undefined, last: undefined, link: undefined };
      this.#lines.set(owner, line);
      line.link = append(this.#round, line);
    }
    const link = append(line, item);
    const place = line;
    this.#size++;
    return { leave: () => this.#remove(place, link) };
  }

  /** Returns the next item without removing it. */
  peek(): Item | undefined {
    return this.#round.first?.value.first?.value;
  }

  /** Removes and returns the next item; its owner goes to the end of the round. */
  take(): Item | undefined {
    const turn = this.#round.first;
    const link = turn?.value.first;
    if (turn === undefined || link === undefined) return undefined;
    const line = turn.value;
    this.#remove(line, link);
    if (line.first !== undefined && this.#round.last !== turn) {
      unlink(this.#round, turn);
      line.link = append(this.#round, line);
    }
    return link.value;
  }

  #remove(line: Line<Item>, link: Link<Item>): boolean {
    if (!link.linked) return false;
    unlink(line, link);
    this.#size--;
    if (line.first === undefined && line.link !== undefined) {
      unlink(this.#round, line.link);
      this.#lines.delete(line.owner);
    }
    return true;
  }
}

interface Link<Value> {
  readonly value: Value;
  before: Link<Value> | undefined;
  after: Link<Value> | undefined;
  linked: boolean;
}

/** A linked list of values in order of appending, from which any can be removed. */
interface Chain<Value> {
  first: Link<Value> | undefined;
  last: Link<Value> | undefined;
}

/** The items of one owner. */
interface Line<Item> extends Chain<Item> {
  readonly owner: object;
  /** Place of the owner in the round. */
  link: Link<Line<Item>> | undefined;
}

function append<Value>(chain: Chain<Value>, value: Value): Link<Value> {
  const link: Link<Value> = { value, before: chain.last, after: undefined, linked: true };
  if (chain.last === undefined) chain.first = link;
  else chain.last.after = link;
  chain.last = link;
  return link;
}

function unlink<Value>(chain: Chain<Value>, link: Link<Value>): void {
  if (link.before === undefined) chain.first = link.after;
  else link.before.after = link.after;
  if (link.after === undefined) chain.last = link.before;
  else link.after.before = link.before;
  link.linked = false;
}
