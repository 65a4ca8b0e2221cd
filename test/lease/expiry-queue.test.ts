import { expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { ExpiryQueue, type Queued } from "../../src/lease/expiry-queue.js";

interface Item extends Queued {
  readonly name: number;
}

function drain(queue: ExpiryQueue<Item>): number[] {
  const order: number[] = [];
  for (let first = queue.first(); first !== undefined; first = queue.first()) {
    order.push(first.due);
    queue.remove(first);
  }
  return order;
}

test("ExpiryQueue gives items by due time after any sets, moves and removals", () => {
  const random = seededRandom(7);
  const queue = new ExpiryQueue<Item>();
  const items = Array.from({ length: 200 }, (_, name): Item => ({ name, due: 0, slot: -1 }));
  const held = new Map<number, number>();
  for (let turn = 0; turn < 20_000; turn++) {
    const item = items[random.int(items.length)];
    if (item === undefined) continue;
    if (random.int(3) === 0) {
      queue.remove(item);
      held.delete(item.name);
    } else {
      const due = random.int(1000);
      queue.set(item, due);
      held.set(item.name, due);
    }
    expect(queue.size).toBe(held.size);
    if (turn % 100 === 0 && held.size > 0) expect(queue.first()?.due).toBe(Math.min(...held.values()));
  }
  expect(drain(queue)).toEqual([...held.values()].sort((one, other) => one - other));
});

test("ExpiryQueue.remove() of an item from before clear() removes no other item", () => {
  const queue = new ExpiryQueue<Item>();
  const old: Item = { name: 1, due: 0, slot: -1 };
  queue.set(old, 5);
  queue.clear();
  const fresh: Item = { name: 2, due: 0, slot: -1 };
  queue.set(fresh, 9);
  queue.remove(old);
  expect(queue.first()).toBe(fresh);
});
