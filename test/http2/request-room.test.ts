import { expect, test } from "vitest";
import { RequestRoom } from "../../src/http2/request-room.js";

const mebibyte = 1024 * 1024;

/** A stream that counts how often it may continue. */
function sender(room: RequestRoom) {
  const made = {
    wentOn: 0,
    allowMore: () => {
      if (room.allows(made)) made.wentOn++;
    },
  };
  return made;
}

test("RequestRoom: above 32 MiB one body at a time continues, in the order of the requests", () => {
  const room = new RequestRoom();
  const [first, second, third] = [sender(room), sender(room), sender(room)];
  room.hold(32 * mebibyte);
  expect(room.allows(third)).toBe(true);
  room.hold(1);
  expect([room.allows(first), room.allows(first), room.allows(second), room.allows(third)]).toEqual([
    ...[true, true],
    ...[false, false],
  ]);
  room.freed(first, 0, true);
  expect([second.wentOn, third.wentOn]).toEqual([1, 0]);
  room.leave(second);
  expect(third.wentOn).toBe(1);
});

test("RequestRoom: all bodies continue when there is room", () => {
  const room = new RequestRoom();
  const all = [sender(room), sender(room), sender(room)];
  room.hold(33 * mebibyte);
  for (const each of all) room.allows(each);
  room.freed(sender(room), 2 * mebibyte, false);
  expect(all.map(({ wentOn }) => wentOn)).toEqual([0, 1, 1]);
});

test("RequestRoom: a stream that would exceed 256 MiB is refused and not counted", () => {
  const room = new RequestRoom();
  expect(room.hold(256 * mebibyte)).toBe(true);
  expect(room.hold(1)).toBe(false);
  room.freed(sender(room), 1, false);
  expect(room.hold(1)).toBe(true);
});
