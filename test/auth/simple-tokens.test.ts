import { expect, test } from "vitest";
import { SimpleTokens } from "../../src/auth/simple-tokens.js";
import { ManualClock } from "../../src/base/index.js";

function setUp(): { clock: ManualClock; tokens: SimpleTokens; log: { applied: number }; client: AbortController } {
  const clock = new ManualClock();
  const log = { applied: 10 };
  const tokens = new SimpleTokens({ clock, ttlMs: 5_000, waitMs: 2_000, applied: () => log.applied });
  tokens.enable();
  return { clock, tokens, log, client: new AbortController() };
}

const alice = { username: "alice", authRevision: 7 };

test("a token consists of sixteen letters and the index of the entry before its login", () => {
  const { tokens } = setUp();
  expect(tokens.prefix()).toMatch(/^[a-zA-Z]{16}$/);
  expect(tokens.assign("alice", "abc", 11)).toBe("abc.10");
});

test("a token stands for its user at the current revision until the user's tokens are dropped", () => {
  const { tokens, client } = setUp();
  tokens.assign("alice", "abc", 9);
  tokens.assign("bob", "def", 9);
  expect(tokens.identify("abc.8", 7, client)).toEqual(alice);
  tokens.forget("alice");
  expect(tokens.identify("abc.8", 7, client)).toBeUndefined();
  expect(tokens.identify("def.8", 7, client)).toMatchObject({ username: "bob" });
});

test("a token is valid while it is used, and expires otherwise", () => {
  const { clock, tokens, client } = setUp();
  tokens.assign("alice", "abc", 9);
  for (let used = 0; used < 3; used++) {
    clock.advance(4_000);
    expect(tokens.identify("abc.8", 7, client)).toEqual(alice);
  }
  clock.advance(5_001);
  expect(tokens.identify("abc.8", 7, client)).toBeUndefined();
});

test("all tokens end when authentication is disabled", () => {
  const { tokens, client } = setUp();
  tokens.assign("alice", "abc", 9);
  tokens.disable();
  tokens.enable();
  expect(tokens.identify("abc.8", 7, client)).toBeUndefined();
});

for (const token of ["", "x", "abc", "abc.", ".8", "abc.8.8", "abc.-1", "abc.x", "abc.9", "abc.1e3"]) {
  test(`"${token}" is malformed and refused at once`, () => {
    const { tokens, client } = setUp();
    expect(tokens.identify(token, 7, client)).toBeUndefined();
  });
}

test("a token that arrives before its login is applied waits for it", async () => {
  const { tokens, log, client } = setUp();
  const found = tokens.identify("abc.10", 7, client);
  log.applied = 11;
  tokens.assign("alice", "abc", 11);
  expect(await found).toEqual(alice);
});

test("the wait for a login ends at a timeout, or when the client gives up", async () => {
  const { clock, tokens, client } = setUp();
  const made = tokens.identify("abc.999999999999", 7, client);
  clock.advance(2_000);
  expect(await made).toBeUndefined();
  const left = tokens.identify("abc.11", 7, client);
  client.abort();
  expect(await left).toBeUndefined();
});

test("a thousand tokens may wait, and the next one is refused at once", async () => {
  const { clock, tokens, client } = setUp();
  const waiting = Array.from({ length: 1_000 }, (_, at) =>
    tokens.identify(`abc.${100 + at}`, 7, new AbortController()),
  );
  expect(tokens.identify("abc.5000", 7, client)).toBeUndefined();
  clock.advance(2_000);
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => undefined));
});
