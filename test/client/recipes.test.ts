import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Barrier, Client, Election, GrpcCode, Mutex, ops, Queue, Semaphore, Session } from "../../src/client/index.js";
import { ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// Semaphore, barrier, queue and fencing tokens, with a server.

let server: ServerProcess;
let client: Client;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
  client = new Client({ endpoints: [server.endpoint], callTimeoutMs: 20_000 });
});

afterAll(async () => {
  client?.close();
  await server?.stop();
});

beforeEach(async () => {
  await client.deleteRange({ key: "\0", rangeEnd: "\0" });
});

const sessions = (count: number) => Promise.all(Array.from({ length: count }, () => Session.open(client)));
const putShared = (value: string) => ops.put({ key: "shared", value: Buffer.from(value) });
const keysOf = async (prefix: string) => (await client.range({ key: `${prefix}/`, rangeEnd: `${prefix}0` })).count;

describe("a semaphore", () => {
  test("is held by as many sessions as it has permits, never by more", async () => {
    let [inside, most, turns] = [0, 0, 0];
    await Promise.all(
      (await sessions(6)).map(async (session) => {
        const semaphore = new Semaphore(session, "seats", 2);
        for (let turn = 0; turn < 3; turn++) {
          await semaphore.acquire();
          most = Math.max(most, ++inside);
          await client.text.put("work", "1");
          inside--;
          turns++;
          await semaphore.release();
        }
      }),
    );
    expect({ most, turns }).toEqual({ most: 2, turns: 18 });
  });

  test("goes to a waiter when the session of a holder ends", async () => {
    const [first, second, third] = await sessions(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error("three sessions");
    const held = new Semaphore(first, "seats", 2);
    await held.acquire();
    await new Semaphore(second, "seats", 2).acquire();
    const waiting = new Semaphore(third, "seats", 2);
    const acquired = waiting.acquire();
    await until(async () => (await keysOf("seats")) === 3);
    await first.close();
    await acquired;
    expect(waiting.fencingToken).toBeGreaterThan(held.fencingToken);
  });

  test("leaves no key of a waiter that gives up, and fails when the waiter's lease ends", async () => {
    const [holder, quitter, dead] = await sessions(3);
    if (holder === undefined || quitter === undefined || dead === undefined) throw new Error("three sessions");
    const held = new Semaphore(holder, "seats", 1);
    await held.acquire();
    const stop = new AbortController();
    const leaving = new Semaphore(quitter, "seats", 1).acquire(stop.signal).catch((error: unknown) => error);
    await until(async () => (await keysOf("seats")) === 2);
    stop.abort();
    expect(await leaving).toMatchObject({ code: GrpcCode.Canceled });
    expect(await keysOf("seats")).toBe(1);
    const expired = new Semaphore(dead, "seats", 1).acquire().catch((error: unknown) => error);
    await until(async () => (await keysOf("seats")) === 2);
    await client.revokeLease(dead.lease);
    await held.release();
    expect(await expired).toMatchObject({ message: "semaphore: session is expired" });
  });
});

test("a barrier lets all waiters go when it is released, and is held once", async () => {
  const barrier = new Barrier(client, "gate");
  await barrier.wait();
  await barrier.hold();
  await expect(barrier.hold()).rejects.toMatchObject({ code: GrpcCode.AlreadyExists });
  let passed = 0;
  const waiting = [1, 2, 3].map(() => new Barrier(client, "gate").wait().then(() => passed++));
  await client.text.put("gate", "changed, but held");
  expect(passed).toBe(0);
  await barrier.release();
  await Promise.all(waiting);
  const session = await Session.open(client);
  await barrier.hold({ lease: session.lease });
  const orphan = barrier.wait();
  await session.close();
  await orphan;
});

describe("a queue", () => {
  const text = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString();

  test("gives items in order, each to one session at a time", async () => {
    const queue = new Queue(client, "jobs");
    for (const value of ["1", "2", "3"]) await queue.add(Buffer.from(value));
    const [one, other] = await sessions(2);
    if (one === undefined || other === undefined) throw new Error("two sessions");
    const first = await queue.take(one);
    const second = await queue.take(other);
    expect([text(first.value), text(second.value)]).toEqual(["1", "2"]);
    expect(await first.done()).toBe(true);
    await second.giveBack();
    const again = await queue.take(one);
    expect(text(again.value)).toBe("2");
    expect(again.fencingToken).toBeGreaterThan(second.fencingToken);
    expect(await second.done()).toBe(false);
    expect(await again.done()).toBe(true);
    expect(await queue.size()).toBe(1);
  });

  test("gives the items of a session that died to another, which waits for them", async () => {
    const queue = new Queue(client, "jobs");
    const [dying, living] = await sessions(2);
    if (dying === undefined || living === undefined) throw new Error("two sessions");
    const waiting = queue.take(dying);
    await queue.add(Buffer.from("only"));
    const lost = await waiting;
    const taking = queue.take(living);
    await client.revokeLease(dying.lease);
    const job = await taking;
    expect(text(job.value)).toBe("only");
    expect(await lost.done()).toBe(false);
    expect(await job.done()).toBe(true);
  });

  test("stops waiting at a signal", async () => {
    const [session] = await sessions(1);
    if (session === undefined) throw new Error("a session");
    const stop = new AbortController();
    const taking = new Queue(client, "jobs").take(session, { signal: stop.signal }).catch((error: unknown) => error);
    stop.abort();
    expect(await taking).toMatchObject({ code: GrpcCode.Canceled });
  });
});

describe("a late holder", () => {
  test("of a lock has a lower token than the next, and its guarded write is refused", async () => {
    const [old, next] = await sessions(2);
    if (old === undefined || next === undefined) throw new Error("two sessions");
    const lost = new Mutex(old, "lock");
    await lost.lock();
    const write = (mutex: Mutex, value: string) => client.if(mutex.guard).thenDo(putShared(value)).commit();
    expect((await write(lost, "first")).succeeded).toBe(true);
    await client.revokeLease(old.lease);
    const held = new Mutex(next, "lock");
    await held.lock();
    expect(held.fencingToken).toBeGreaterThan(lost.fencingToken);
    expect((await write(lost, "late")).succeeded).toBe(false);
    expect((await write(held, "second")).succeeded).toBe(true);
  });

  test("of an office has a lower token than the next leader, and its guarded write is refused", async () => {
    const [old, next] = await sessions(2);
    if (old === undefined || next === undefined) throw new Error("two sessions");
    const before = new Election(old, "office");
    await before.campaign(Buffer.from("old"));
    const [token, guard] = [before.fencingToken, before.guard];
    await client.revokeLease(old.lease);
    const after = new Election(next, "office");
    await after.campaign(Buffer.from("next"));
    expect(after.fencingToken).toBeGreaterThan(token);
    expect((await client.if(guard).thenDo(putShared("late")).commit()).succeeded).toBe(false);
  });
});
