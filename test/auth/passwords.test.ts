import bcrypt from "bcryptjs";
import { afterAll, expect, test } from "vitest";
import { bcryptCost, Passwords } from "../../src/auth/index.js";

const passwords = new Passwords(4);
afterAll(() => passwords.close());

test("a hash has Go's bcrypt format, differs each time, and matches only its password", async () => {
  const [hash, again] = await Promise.all([passwords.hash("päss"), passwords.hash("päss")]);
  expect(hash).toMatch(/^\$2a\$04\$.{53}$/);
  expect(again).not.toBe(hash);
  expect(bcrypt.compareSync("päss", hash)).toBe(true);
  expect(await passwords.matches("päss", hash)).toBe(true);
  expect(await passwords.matches("pass", hash)).toBe(false);
});

test("an empty password can be hashed", async () => {
  const hash = await passwords.hash("");
  expect(await passwords.matches("", hash)).toBe(true);
  expect(await passwords.matches("x", hash)).toBe(false);
});

test("bcrypt uses 72 bytes: longer new passwords are refused, and more bytes of old ones ignored", async () => {
  const long = "a".repeat(72);
  await expect(passwords.hash(`${long}b`)).rejects.toThrow("bcrypt: password length exceeds 72 bytes");
  await expect(passwords.hash("ä".repeat(37))).rejects.toThrow("bcrypt: password length exceeds 72 bytes");
  expect(await passwords.matches(`${long}b`, await passwords.hash(long))).toBe(true);
});

for (const hash of [undefined, "", "x", "x".repeat(60), "$2a$04$", `$9z$04$${".".repeat(53)}`]) {
  test(`no password matches ${hash === undefined ? "a user that does not exist" : `"${hash}"`}`, async () => {
    expect(await passwords.matches("", hash)).toBe(false);
    expect(await passwords.matches("x", hash)).toBe(false);
  });
}

test("the hash for a log entry of an older release is the same on all members", () => {
  const other = new Passwords(4);
  expect(passwords.hashNow("secret", "17 alice")).toBe(other.hashNow("secret", "17 alice"));
  expect(passwords.hashNow("secret", "17 alice")).not.toBe(passwords.hashNow("secret", "18 alice"));
  expect(bcrypt.compareSync("secret", passwords.hashNow("secret", "17 alice"))).toBe(true);
});

test("the event loop is not blocked while passwords are compared", async () => {
  const slow = new Passwords(10);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await slow.hash("x");
  clearInterval(timer);
  await slow.close();
  expect(turns).toBeGreaterThan(5);
});

test("a bounded number of comparisons may wait, and a stop of the member refuses them", async () => {
  const busy = new Passwords(10);
  const waiting = Array.from({ length: 258 }, () => busy.hash("x").catch((error: Error) => error.message));
  await expect(busy.hash("x")).rejects.toThrow("etcdserver: too many requests");
  await busy.close();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["etcdserver: server stopped"]));
  await expect(busy.hash("x")).rejects.toThrow("etcdserver: server stopped");
});

test("an invalid cost is replaced by the default", () => {
  expect([3, 4, 10, 31, 32, 0].map(bcryptCost)).toEqual([10, 4, 10, 31, 10, 10]);
});
