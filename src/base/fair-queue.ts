/** An item's place in a `FairQueue`, by which it may leave before it is taken. */
export interface QueuePlace {
  /** The item leaves. @returns false when it was taken or had left already */
  leave(): boolean;
}

/**
 * A queue that serves its owners in turn: `take` goes round those that have something in it, one item each, and takes
 * the items of one owner in the order in which they came. However much one owner has in line, another's first item is
 * taken after at most one item of every other owner. Every operation takes constant time.
 */
export class FairQueue<Item> {
  /** The owners that have something in line, and what that is. */
  readonly #lines = new Map<object, Line<Item>>();
  readonly #round: Chain<Line<Item>> = { first: undefined, last: undefined };
  #size = 0;

  /** How many items are in line. */
  get size(): number {
    return this.#size;
  }

  /** Puts an item behind those of the same owner; an owner that had none is served last of all. */
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

  /** The item that is next, which stays in line. */
  peek(): Item | undefined {
    return this.#round.first?.value.first?.value;
  }

  /** Takes the item that is next; its owner goes to the end of the round. */
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

/** Values in the order in which they were appended, linked so that each can be taken out. */
interface Chain<Value> {
  first: Link<Value> | undefined;
  last: Link<Value> | undefined;
}

/** What one owner has in line. */
interface Line<Item> extends Chain<Item> {
  readonly owner: object;
  /** Its place in the round. */
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
