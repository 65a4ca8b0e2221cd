import { expect, test } from "vitest";
import { FlatRows, seededRandom } from "../../src/base/index.js";
import { ExpiryQueue } from "../../src/lease/expiry-queue.js";

/** Rows with a due time and a place in one queue each. */
function newQueues(count: number): { rows: FlatRows; queues: ExpiryQueue[] } {
  const rows = new FlatRows(3 * count + (count % 2));
  return { rows, queues: Array.from({ length: count }, (_, at) => new ExpiryQueue(rows, 2 * at, 2 * count + at)) };
}

function drain(queue: ExpiryQueue): number[] {
  const order: number[] = [];
  for (let first = queue.first(); first !== 0; first = queue.first()) {
    order.push(queue.due(first));
    queue.remove(first);
  }
  return order;
}

test("two queues of the same rows give them by due time after any sets, moves and removals", () => {
  const random = seededRandom(7);
  const { rows, queues } = newQueues(2);
  const all = Array.from({ length: 200 }, () => rows.take());
  const held = queues.map(() => new Map<number, number>());
  for (let turn = 0; turn < 20_000; turn++) {
    const row = all[random.int(all.length)] ?? 0;
    const which = random.int(2);
    const [queue, model] = [queues[which], held[which]];
    if (queue === undefined || model === undefined) continue;
    if (random.int(3) === 0) {
      queue.remove(row);
      model.delete(row);
    } else {
      const due = random.int(1000);
      queue.set(row, due);
      model.set(row, due);
    }
    expect(queue.size).toBe(model.size);
    if (turn % 100 === 0 && model.size > 0) expect(queue.due(queue.first())).toBe(Math.min(...model.values()));
  }
  expect(queues.map(drain)).toEqual(held.map((model) => [...model.values()].sort((one, other) => one - other)));
});

test("ExpiryQueue.remove() of a row from before clear() removes no other row", () => {
  const { rows, queues } = newQueues(1);
  const [queue] = queues;
  if (queue === undefined) throw new Error("one queue was made");
  const [old, fresh] = [rows.take(), rows.take()];
  queue.set(old, 5);
  queue.clear();
  queue.set(fresh, 9);
  queue.remove(old);
  expect(queue.first()).toBe(fresh);
});
