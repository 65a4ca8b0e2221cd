import { afterEach, describe, expect, test } from "vitest";
import { AttemptError, Client, GrpcCode, jsonCodec, WatchCanceledError } from "../../src/client/index.js";
import { EventType } from "../../src/wire/index.js";
import { FakeTransport, settled } from "./support/fake-transport.js";
import { changes, created, ended, pair, progress, revisionsOf } from "./support/watch-server.js";

// Watches and changes with listeners, over a transport whose server is the test.

const open: Client[] = [];

afterEach(() => {
  for (const client of open.splice(0)) client.close();
});

async function watching() {
  const transport = new FakeTransport();
  const client = new Client({ transport, tracing: false });
  open.push(client);
  const asking = client.watch({ key: "k" });
  await settled();
  transport.stream.answer(created(0, 10));
  return { transport, client, watch: await asking };
}

function deletion(watchId: number, revision: number) {
  const kv = { ...pair("k", revision), value: Buffer.alloc(0), version: 0, createRevision: 0 };
  return { ...changes(watchId, [revision]), events: [{ type: EventType.DELETE, kv, prevKv: undefined }] };
}

/** A watch, and what its listeners have heard: kind and revision, or the text of the error. */
async function heard() {
  const started = await watching();
  const told: string[] = [];
  started.watch
    .on("put", ({ kv }) => void told.push(`put ${kv?.modRevision}`))
    .on("delete", ({ kv }) => void told.push(`delete ${kv?.modRevision}`))
    .on("progress", (revision) => void told.push(`progress ${revision}`))
    .on("end", (error) => void told.push(`end ${error?.message}`));
  return { ...started, told };
}

describe("listeners of a watch", () => {
  test("hear its events in order", async () => {
    const { transport, told } = await heard();
    transport.stream.answer(changes(0, [11, 12]));
    transport.stream.answer(deletion(0, 13));
    transport.stream.answer(progress(0, 20));
    await settled();
    expect(told).toEqual(["put 11", "put 12", "delete 13", "progress 20"]);
  });

  test("hear what arrived before they were added", async () => {
    const { transport, watch } = await watching();
    transport.stream.answer(changes(0, [11]));
    const told: number[] = [];
    watch.on("put", ({ kv }) => void told.push(kv?.modRevision ?? 0));
    await settled();
    expect(told).toEqual([11]);
  });

  test("hear nothing after they are taken off", async () => {
    const { transport, watch } = await watching();
    const told: number[] = [];
    const listener = ({ kv }: { readonly kv?: { readonly modRevision: number } | undefined }): void => {
      told.push(kv?.modRevision ?? 0);
    };
    watch.on("put", listener);
    transport.stream.answer(changes(0, [11]));
    await settled();
    watch.off("put", listener);
    transport.stream.answer(changes(0, [12]));
    await settled();
    expect(told).toEqual([11]);
  });

  test("that return promises hear the next event when those are fulfilled", async () => {
    const { transport, watch } = await watching();
    const told: string[] = [];
    let goOn: () => void = () => undefined;
    watch.on("put", async ({ kv }) => {
      told.push(`begin ${kv?.modRevision}`);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      told.push(`end ${kv?.modRevision}`);
    });
    transport.stream.answer(changes(0, [11, 12]));
    await settled();
    expect(told).toEqual(["begin 11"]);
    goOn();
    await settled();
    expect(told).toEqual(["begin 11", "end 11", "begin 12"]);
  });

  for (const { name, end } of [
    { name: "cancel()", end: ({ watch }: Awaited<ReturnType<typeof heard>>) => watch.cancel() },
    { name: "the end of the client", end: ({ client }: Awaited<ReturnType<typeof heard>>) => client.close() },
  ]) {
    test(`hear an end without an error after ${name}, and nothing that was unread`, async () => {
      const started = await heard();
      started.transport.stream.answer(changes(0, [11]));
      await settled();
      started.transport.stream.answer(changes(0, [12]));
      end(started);
      await settled();
      expect(started.told).toEqual(["put 11", "end undefined"]);
    });
  }

  test("hear the error that ends the watch, after all that came before it", async () => {
    const { transport, told, watch } = await heard();
    let error: Error | undefined;
    watch.on("end", (reason) => {
      error = reason;
    });
    transport.stream.answer(changes(0, [11]));
    transport.stream.answer(ended(0, { compactRevision: 40 }));
    await settled();
    expect(told).toEqual(["put 11", "end etcdserver: mvcc: required revision has been compacted"]);
    expect(error).toBeInstanceOf(WatchCanceledError);
    expect(error).toMatchObject({ compactRevision: 40 });
  });

  test("that throw end the watch with their error", async () => {
    const { transport, watch, told } = await heard();
    watch.on("put", () => {
      throw new Error("cannot use this");
    });
    transport.stream.answer(changes(0, [11, 12]));
    await settled();
    expect(told).toEqual(["put 11", "end cannot use this"]);
    expect(transport.open).toEqual([]);
  });

  test("and a loop exclude each other", async () => {
    const { watch } = await heard();
    await expect(revisionsOf(watch, 1)).rejects.toThrow("a watch with listeners cannot be iterated over");
    const other = (await watching()).watch;
    const next = other[Symbol.asyncIterator]().next();
    expect(() => other.on("put", () => undefined)).toThrow("a watch that is iterated over cannot have listeners");
    other.cancel();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

test("an error of a watch without a listener of its end is an unhandled rejection", async () => {
  const { transport, watch } = await watching();
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  try {
    const rejected = new Promise((resolve) => void process.once("unhandledRejection", resolve));
    watch.on("put", () => undefined);
    transport.stream.lose(new AttemptError(GrpcCode.Unimplemented, "unknown service", "fake:1", false));
    expect(await rejected).toMatchObject({ details: "unknown service" });
  } finally {
    for (const listener of before) process.on("unhandledRejection", listener);
  }
});

test("a loop over a watch ends without an error when the client is closed", async () => {
  const { client, watch } = await watching();
  const next = watch[Symbol.asyncIterator]().next();
  client.close();
  expect(await next).toEqual({ done: true, value: undefined });
});

describe("listeners of changes", () => {
  async function listening() {
    const transport = new FakeTransport();
    const client = new Client({ transport, tracing: false });
    open.push(client);
    const asking = client.values(jsonCodec<number>()).changes("k");
    await settled();
    transport.stream.answer(created(0, 10));
    const told: string[] = [];
    const listened = (await asking)
      .on("put", ({ key, entry }) => void told.push(`put ${key} ${entry.value}`))
      .on("delete", ({ key, revision }) => void told.push(`delete ${key} ${revision}`))
      .on("end", (error) => void told.push(`end ${error?.name}`));
    return { transport, told, listened };
  }

  test("get keys as text and decoded values", async () => {
    const { transport, told, listened } = await listening();
    transport.stream.answer(changes(0, [11]));
    transport.stream.answer(deletion(0, 12));
    await settled();
    listened.cancel();
    await settled();
    expect(told).toEqual(["put k 11", "delete k 12", "end undefined"]);
    expect(transport.open).toEqual([]);
  });

  test("and a loop exclude each other", async () => {
    const { listened } = await listening();
    await expect(listened.next()).rejects.toThrow("changes with listeners cannot be iterated over");
  });

  test("hear a value that the codec cannot read as the error that ends them", async () => {
    const { transport, told } = await listening();
    const value = Buffer.from("{");
    transport.stream.answer({ ...changes(0, [11]), events: [{ type: 0, kv: { ...pair("k", 11), value } }] });
    await settled();
    expect(told).toEqual(["end SyntaxError"]);
    expect(transport.open).toEqual([]);
  });
});
