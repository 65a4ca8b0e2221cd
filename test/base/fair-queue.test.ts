import { expect, test } from "vitest";
import { FairQueue } from "../../src/base/index.js";

// Tests that owners are served in turn, so that many items of one owner do not delay all items of another.

const [ann, bob, eve] = [{}, {}, {}];

function drain(queue: FairQueue<string>): string {
  let taken = "";
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken += `${item} `;
  return taken.trim();
}

test("one item of each owner is taken in turn, and the items of one owner in order", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "a3"]) queue.push(item, ann);
  for (const item of ["b1", "b2"]) queue.push(item, bob);
  queue.push("e1", eve);
  expect(queue.size).toBe(6);
  expect(drain(queue)).toBe("a1 b1 e1 a2 b2 a3");
  expect(queue.size).toBe(0);
});

test("a later owner waits for one item of each other owner", () => {
  const queue = new FairQueue<string>();
  for (let at = 0; at < 500; at++) queue.push(`a${at}`, ann);
  expect([queue.take(), queue.take()]).toEqual(["a0", "a1"]);
  queue.push("b0", bob);
  expect([queue.take(), queue.take(), queue.take()]).toEqual(["a2", "b0", "a3"]);
});

test("an owner that was served goes after the others, also if it adds another item at once", () => {
  const queue = new FairQueue<string>();
  queue.push("a1", ann);
  queue.push("b1", bob);
  expect(queue.take()).toBe("a1");
  queue.push("a2", ann);
  expect(drain(queue)).toBe("b1 a2");
});

test("removed items are skipped, and a second removal or one after taking has no effect", () => {
  const queue = new FairQueue<string>();
  const first = queue.push("a1", ann);
  const middle = queue.push("a2", ann);
  queue.push("a3", ann);
  const only = queue.push("b1", bob);
  queue.push("e1", eve);
  middle.leave();
  middle.leave();
  only.leave();
  expect(queue.size).toBe(3);
  expect(queue.peek()).toBe("a1");
  expect(queue.take()).toBe("a1");
  first.leave();
  expect(queue.size).toBe(2);
  expect(drain(queue)).toBe("e1 a3");
  queue.push("b2", bob);
  expect(drain(queue)).toBe("b2");
});

test("modest owners go first, and one item of eight belongs to the others meanwhile", () => {
  const modest = new Set<object>([ann, bob]);
  const queue = new FairQueue<string>((owner) => modest.has(owner));
  for (let at = 1; at <= 3; at++) queue.push(`e${at}`, eve);
  for (let at = 1; at <= 6; at++) queue.push(`a${at}`, ann);
  for (let at = 1; at <= 4; at++) queue.push(`b${at}`, bob);
  expect(drain(queue)).toBe("a1 b1 a2 b2 a3 b3 a4 e1 b4 a5 a6 e2 e3");
});

test("an owner that is no longer modest joins the others after its next item, and keeps the order of its items", () => {
  const modest = new Set<object>([ann]);
  const queue = new FairQueue<string>((owner) => modest.has(owner));
  for (const item of ["e1", "e2"]) queue.push(item, eve);
  for (const item of ["a1", "a2", "a3"]) queue.push(item, ann);
  modest.clear();
  expect(drain(queue)).toBe("a1 e1 a2 e2 a3");
});

test("an owner's first item is taken out of turn, and the turns of the others stay", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2"]) queue.push(item, ann);
  for (const item of ["b1", "b2"]) queue.push(item, bob);
  expect([queue.takeOf(bob), queue.takeOf(bob), queue.takeOf(bob), queue.takeOf(eve)]).toEqual([
    "b1",
    "b2",
    undefined,
    undefined,
  ]);
  queue.push("b3", bob);
  expect([queue.size, drain(queue)]).toEqual([3, "a1 b3 a2"]);
});
