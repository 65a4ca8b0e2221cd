/** Handle of an item in a `FairQueue`. */
export interface QueuePlace {
  /** Removes the item. @returns false when it was taken or removed already */
  leave(): boolean;
}

/** While modest owners wait, one of so many items that are taken belongs to another owner. */
const othersEvery = 8;

/**
 * A queue that serves its owners in turn: `take` goes round the owners with items, one item each, and takes the items
 * of one owner in order of arrival. However many items one owner has queued, another's first item is taken after at
 * most one item of every other owner. Modest owners have a round of their own, which goes before that of the others:
 * of eight items, seven come from it while it has any. Every operation takes constant time.
 */
export class FairQueue<Item> {
  /** Items of each owner that has any. */
  readonly #lines = new Map<object, Line<Item>>();
  readonly #modest: Chain<Line<Item>> = { first: undefined, last: undefined };
  readonly #others: Chain<Line<Item>> = { first: undefined, last: undefined };
  readonly #isModest: (owner: object) => boolean;
  /** Number of items that were taken from modest owners since the last one of another owner. */
  #modestInARow = 0;
  #size = 0;

  /** @param isModest asked when an owner gets its place in a round, which is after each item that is taken from it */
  constructor(isModest: (owner: object) => boolean = () => false) {
    this.#isModest = isModest;
  }

  /** Number of queued items. */
  get size(): number {
    return this.#size;
  }

  /** Whether an owner waits that is not modest. */
  get othersWait(): boolean {
    return this.#others.first !== undefined;
  }

  /** Adds an item after those of the same owner; an owner without items comes last in its round. */
  push(item: Item, owner: object): QueuePlace {
    let line = this.#lines.get(owner);
    if (line === undefined) {
      line = { owner, first: undefined, last: undefined, round: this.#others, link: undefined };
      this.#lines.set(owner, line);
      this.#enterRound(line);
    }
    const link = append(line, item);
    const place = line;
    this.#size++;
    return { leave: () => this.#remove(place, link) };
  }

  /** Returns the next item without removing it. */
  peek(): Item | undefined {
    return this.#nextRound.first?.value.first?.value;
  }

  /** Removes and returns the next item; its owner goes to the end of its round. */
  take(): Item | undefined {
    const round = this.#nextRound;
    const turn = round.first;
    const link = turn?.value.first;
    if (turn === undefined || link === undefined) return undefined;
    this.#modestInARow = round === this.#modest ? this.#modestInARow + 1 : 0;
    const line = turn.value;
    this.#remove(line, link);
    if (line.first !== undefined) {
      unlink(round, turn);
      this.#enterRound(line);
    }
    return link.value;
  }

  /** Removes and returns the first item of an owner; undefined when it has none. Its place in the round stays. */
  takeOf(owner: object): Item | undefined {
    const line = this.#lines.get(owner);
    const link = line?.first;
    if (line === undefined || link === undefined) return undefined;
    this.#remove(line, link);
    return link.value;
  }

  get #nextRound(): Chain<Line<Item>> {
    const { first: modest } = this.#modest;
    const { first: other } = this.#others;
    if (modest === undefined) return this.#others;
    return other !== undefined && this.#modestInARow + 1 >= othersEvery ? this.#others : this.#modest;
  }

  #enterRound(line: Line<Item>): void {
    line.round = this.#isModest(line.owner) ? this.#modest : this.#others;
    line.link = append(line.round, line);
  }

  #remove(line: Line<Item>, link: Link<Item>): boolean {
    if (!link.linked) return false;
    unlink(line, link);
    this.#size--;
    if (line.first === undefined && line.link !== undefined) {
      unlink(line.round, line.link);
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
  round: Chain<Line<Item>>;
  /** Place of the owner in its round. */
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
