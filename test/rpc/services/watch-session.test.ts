import { describe, expect, test } from "vitest";
import { EtcdError } from "../../../src/base/index.js";
import { write } from "../../mvcc/fixture.js";
import { startWatching as start } from "./watch-client.js";

describe("a stream", () => {
  test("goes on after an empty request", async () => {
    const { server } = await start();
    const client = server.open();
    client.send(undefined);
    client.create({ key: "a" });
    expect(await client.heard()).toEqual(["0@5 created"]);
  });

  test("goes on when the client has ended its requests", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    client.halfClose();
    await client.heard();
    write(store, { put: "a", value: "4" });
    expect(await client.heard()).toEqual(["0@6 a=4@6"]);
  });

  test("ends with the call, and its watchers with it", async () => {
    const { server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    await client.heard();
    client.cancelCall();
    await client.heard();
    expect(client.outcome).toEqual({ error: new EtcdError("watchCanceled") });
    expect([server.watchable.streamCount, server.watchable.watcherCount]).toEqual([0, 0]);
  });

  test("ends as unavailable when the store closes", async () => {
    const { server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    await client.heard();
    server.watchable.close();
    const late = server.open();
    await Promise.all([client.heard(), late.heard()]);
    expect(client.outcome).toEqual({ error: new EtcdError("stopped") });
    expect(late.outcome).toEqual({ error: new EtcdError("stopped") });
  });

  test("that requires a leader ends when there was none for three election timeouts", async () => {
    const { server } = await start();
    const [needs, does] = [server.open({ hasleader: "true" }), server.open()];
    server.setLeader(0n);
    server.clock.advance(2_999);
    server.setLeader(5n);
    server.clock.advance(10_000);
    await needs.heard();
    expect(needs.outcome).toBeUndefined();
    server.setLeader(0n);
    server.clock.advance(3_000);
    await needs.heard();
    expect(needs.outcome).toEqual({ error: new EtcdError("noLeader") });
    expect(does.outcome).toBeUndefined();
  });

  test("that requires a leader is refused without one", async () => {
    const { server } = await start();
    server.setLeader(0n);
    const client = server.open({ hasleader: "true" });
    await client.heard();
    expect(client.outcome).toEqual({ error: new EtcdError("noLeader") });
  });
});

describe("a client that does not read", () => {
  test("has a bounded number of waiting events, delays no other client, and gets all events in the end", async () => {
    const { store, server } = await start();
    const [slow, quick] = [server.open(), server.open()];
    for (const client of [slow, quick]) client.create({ key: "k", rangeEnd: "l" });
    await Promise.all([slow.heard(), quick.heard()]);
    slow.stopReading();
    const value = "x".repeat(10_000);
    for (let at = 0; at < 200; at++) {
      write(store, { put: "k", value });
      if (at % 10 === 0) await quick.heard();
    }
    await quick.heard();
    expect(server.watchable.slowWatcherCount).toBe(1);
    // One response was sent and about 256 KiB wait. The other events are read from the store later.
    expect(slow.responses).toHaveLength(1);
    slow.readOn();
    const heard = (await slow.heard()).flatMap((line) => line.match(/@\d+(?= k|$)/g) ?? []);
    expect(heard.length).toBeGreaterThan(0);
    expect(server.watchable.slowWatcherCount).toBe(0);
    write(store, { put: "k", value: "end" });
    expect(await slow.heard()).toEqual([`0@${store.revision} k=end@${store.revision}`]);
  });

  test("has its requests read only as fast as it reads answers", async () => {
    const { server } = await start();
    const client = server.open();
    client.stopReading();
    for (let at = 0; at < 10_000; at++) client.create({ key: "a" });
    await client.heard();
    const taken = client.taken;
    expect(taken).toBeLessThan(5_000);
    client.readOn();
    while (client.taken < 10_000) await client.heard();
    expect(server.watchable.watcherCount).toBe(10_000);
  });

  test("releases all resources when it disconnects", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "k" });
    await client.heard();
    client.stopReading();
    for (let at = 0; at < 100; at++) write(store, { put: "k", value: "x".repeat(10_000) });
    await client.heard();
    client.cancelCall();
    await client.heard();
    expect(client.outcome).toEqual({ error: new EtcdError("watchCanceled") });
    expect([server.watchable.streamCount, server.watchable.watcherCount]).toEqual([0, 0]);
  });
});
