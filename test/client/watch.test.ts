import { afterEach, describe, expect, test } from "vitest";
import { Client, keyFromText, PutRequest, WatchCanceledError } from "../../src/client/index.js";
import { kindsForClients } from "../support/reference.js";
import { freePort, type ServerKind, ServerProcess } from "../support/server-process.js";

// Tests that a watch gets each event once and in order, also over restarts of the server.

const running: (ServerProcess | Client)[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await (one instanceof Client ? one.close() : one.stop());
});

async function start(kind: ServerKind, options: { clientPort?: number; dataDir?: string } = {}) {
  const server = await ServerProcess.start({ kind, ...options });
  running.push(server);
  return server;
}

function connect(...endpoints: string[]): Client {
  const client = new Client({ endpoints, callTimeoutMs: 20_000 });
  running.push(client);
  return client;
}

/** Puts of ten keys, whose values are the numbers from `first` on. */
function putsFrom(first: number) {
  return Array.from({ length: 10 }, (_, at) => {
    const put = PutRequest.create({ key: `k${(first + at) % 97}`, value: Buffer.from(String(first + at)) });
    return { request: { case: "requestPut", value: put } } as const;
  });
}

for (const kind of kindsForClients()) {
  describe(`a watch on ${kind}`, () => {
    test("loses and repeats none of 10,000 events over restarts of the server", async () => {
      const clientPort = await freePort();
      let server = await start(kind, { clientPort });
      const client = connect(server.endpoint);
      const watch = await client.watch({ key: "k", rangeEnd: "l" });
      const total = 10_000;
      const heard: number[] = [];
      const listening = (async () => {
        for await (const { events } of watch) {
          for (const { kv } of events) heard.push(Number(Buffer.from(kv?.value ?? []).toString()));
          if (heard.length >= total) return;
        }
      })();
      for (let from = 0; from < total; from += 500) {
        // A transaction makes ten events.
        const writes = Array.from({ length: 50 }, (_, at) => client.txn({ success: putsFrom(from + 10 * at) }));
        await Promise.all(writes);
        if (from % 2_500 !== 2_000) continue;
        const { dataDir } = server;
        await server.kill("SIGKILL");
        server = await start(kind, { clientPort, dataDir });
      }
      await listening;
      expect(heard.length).toBe(total);
      expect(heard.toSorted((left, right) => left - right)).toEqual(Array.from({ length: total }, (_, at) => at));
    });

    test("gets no earlier events and all later ones", async () => {
      const client = connect((await start(kind)).endpoint);
      await client.put({ key: "a", value: Buffer.from("before") });
      const watch = await client.watch({ key: "a" });
      await client.put({ key: "a", value: Buffer.from("after") });
      for await (const { events } of watch) {
        expect(events.map(({ kv }) => Buffer.from(kv?.value ?? []).toString())).toEqual(["after"]);
        break;
      }
    });

    test("ends with the revision to continue from if its history is compacted", async () => {
      const client = connect((await start(kind)).endpoint);
      for (const value of ["1", "2", "3"]) await client.put({ key: "a", value: Buffer.from(value) });
      await client.compact({ revision: 3 });
      const watch = await client.watch({ key: "a", startRevision: 2 });
      const hear = async (): Promise<void> => {
        for await (const _ of watch) expect.unreachable();
      };
      await expect(hear()).rejects.toSatisfy(
        (error) => error instanceof WatchCanceledError && error.compactRevision === 3,
      );
    });

    test("reports progress on request", async () => {
      const client = connect((await start(kind)).endpoint);
      const watch = await client.watch({ key: "a" });
      const { header } = await client.put({ key: "b", value: Buffer.from("1") });
      client.requestProgress();
      for await (const batch of watch) {
        expect(batch.events).toEqual([]);
        expect(batch.header?.revision).toBe(header?.revision);
        break;
      }
    });

    test("ends without an error when it is cancelled, and others go on", async () => {
      const client = connect((await start(kind)).endpoint);
      const [one, other] = [await client.watch({ key: "a" }), await client.watch({ key: "a" })];
      one.cancel();
      expect(await one[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
      await client.put({ key: keyFromText("a"), value: Buffer.from("1") });
      const next = await other[Symbol.asyncIterator]().next();
      expect(next.value?.events.length).toBe(1);
    });
  });
}
