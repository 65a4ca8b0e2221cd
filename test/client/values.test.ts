import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  bytesCodec,
  Client,
  ClientError,
  compare,
  GrpcCode,
  jsonCodec,
  keyFromText,
  ops,
  Session,
} from "../../src/client/index.js";
import { ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// Text, JSON, transactions, pages, namespaces, atomic changes and views, with a server.

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

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("values as text", () => {
  test("are put, read, listed and deleted, with keys and values in any script", async () => {
    expect(await client.text.get("grüße/你好")).toBe(undefined);
    const revision = await client.text.put("grüße/你好", "wörld");
    expect(await client.text.get("grüße/你好")).toBe("wörld");
    expect(await client.text.entry("grüße/你好")).toEqual({
      key: "grüße/你好",
      value: "wörld",
      createRevision: revision,
      modRevision: revision,
      version: 1,
      lease: 0n,
    });
    await client.text.put("grüße/b", "2");
    expect((await all(client.text.entries("grüße/"))).map(({ key }) => key)).toEqual(["grüße/b", "grüße/你好"]);
    expect(await client.text.get("grüße/b", { revision })).toBe(undefined);
    expect(await client.text.delete("grüße/b")).toBe(true);
    expect(await client.text.delete("grüße/b")).toBe(false);
    expect(await client.text.deletePrefix("grüße/")).toBe(1);
  });

  test("are created once, and replaced only if they have not changed", async () => {
    expect(await client.text.create("a", "1")).toBe(true);
    expect(await client.text.create("a", "2")).toBe(false);
    const read = await client.text.entry("a");
    expect(read?.value).toBe("1");
    if (read === undefined) throw new Error("the key is there");
    expect(await client.text.replace(read, "3")).toBe(true);
    expect(await client.text.replace(read, "4")).toBe(false);
    expect(await client.text.get("a")).toBe("3");
  });

  test("are deleted with their lease", async () => {
    const session = await Session.open(client, { ttlSeconds: 60 });
    await client.text.put("a", "1", { lease: session.lease });
    await session.close();
    expect(await client.text.get("a")).toBe(undefined);
  });

  test("show their changes from the moment that changes() has resolved", async () => {
    const changes = await client.text.changes("a/");
    await client.text.put("b", "other");
    const revision = await client.text.put("a/1", "one");
    await client.text.delete("a/1");
    const heard = [(await changes.next()).value, (await changes.next()).value];
    expect(heard).toMatchObject([
      { type: "put", key: "a/1", revision, entry: { value: "one", version: 1 } },
      { type: "delete", key: "a/1", revision: revision + 1 },
    ]);
    await changes.return();
  });
});

describe("values of other types", () => {
  test("are JSON, checked when they are read", async () => {
    interface Flag {
      readonly on: boolean;
    }
    const isFlag = (value: unknown): Flag => {
      if (typeof value === "object" && value !== null && "on" in value) return { on: value.on === true };
      throw new TypeError("not a flag");
    };
    const flags = client.json(isFlag);
    await flags.put("dark", { on: true });
    expect(await flags.get("dark")).toEqual({ on: true });
    expect(await client.text.get("dark")).toBe('{"on":true}');
    await client.text.put("dark", "[]");
    await expect(flags.get("dark")).rejects.toThrow("not a flag");
  });

  test("are bytes", async () => {
    const bytes = Uint8Array.from([0, 255, 128]);
    await client.values(bytesCodec).put("raw", bytes);
    expect(Array.from((await client.values(bytesCodec).get("raw")) ?? [])).toEqual([0, 255, 128]);
    expect(jsonCodec<number>().decode(jsonCodec<number>().encode(7))).toBe(7);
  });
});

describe("a transaction", () => {
  test("performs one branch, and its answers have the types of that branch", async () => {
    const attempt = () =>
      client
        .if(compare("lamp").isAbsent())
        .thenDo(ops.put({ key: "lamp", value: Buffer.from("on") }), ops.range({ key: "lamp" }))
        .elseDo(ops.range({ key: "lamp" }), ops.deleteRange({ key: "lamp", prevKv: true }))
        .commit();
    const first = await attempt();
    if (!first.succeeded) throw new Error("the key was absent");
    const [put, range] = first.answers;
    expect(put.prevKv).toBe(undefined);
    expect(range.kvs[0]?.modRevision).toBe(first.header?.revision);
    const second = await attempt();
    if (second.succeeded) throw new Error("the key existed");
    expect(second.answers[0].count).toBe(1);
    expect(second.answers[1].deleted).toBe(1);
  });

  for (const { name, after, holds } of [
    { name: "value ==", after: false, holds: compare("a").value("==", Buffer.from("1")) },
    { name: "value !=", after: false, holds: compare("a").value("!=", Buffer.from("2")) },
    { name: "version >", after: false, holds: compare("a").version(">", 0) },
    { name: "version <", after: true, holds: compare("a").version("<", 2) },
    { name: "lease ==", after: true, holds: compare("a").lease("==", 0n) },
    { name: "existence", after: false, holds: compare("a").exists() },
    { name: "absence", after: false, holds: compare("b").isAbsent() },
    { name: "every key of a range", after: false, holds: compare("a", "b").modRevision(">", 1) },
  ]) {
    test(`compares ${name}`, async () => {
      await client.text.put("a", "1");
      expect((await client.if(holds).commit()).succeeded).toBe(true);
      await client.text.put("b", "1");
      await client.text.delete("a");
      expect((await client.if(holds).commit()).succeeded).toBe(after);
    });
  }
});

describe("pages", () => {
  test("show all keys once, at the revision of the first page", async () => {
    for (let at = 0; at < 25; at++) await client.text.put(`k/${String(at).padStart(2, "0")}`, String(at));
    const sizes: number[] = [];
    const keys: string[] = [];
    for await (const { kvs, more } of client.pages({ key: "k/", rangeEnd: "k0", pageKeys: 10 })) {
      sizes.push(kvs.length);
      keys.push(...kvs.map(({ key }) => key));
      if (more) await client.text.put("k/99", "later");
    }
    expect(sizes).toEqual([10, 10, 5]);
    expect(new Set(keys).size).toBe(25);
    expect(keys).not.toContain("k/99");
  });
});

describe("a namespace", () => {
  test("hides its prefix in every request and answer", async () => {
    const inside = client.namespace("app/");
    await client.text.put("outside", "0");
    await inside.text.put("a", "1");
    await inside.text.put("b", "2");
    expect(await client.text.get("app/a")).toBe("1");
    expect((await all(inside.text.entries(""))).map(({ key }) => key)).toEqual(["a", "b"]);
    const watch = await inside.watch({ key: "\0", rangeEnd: "\0", prevKv: true });
    const result = await inside
      .if(compare("a").value("==", Buffer.from("1")))
      .thenDo(ops.put({ key: "a", value: Buffer.from("3"), prevKv: true }), ops.range({ key: "a", rangeEnd: "c" }))
      .commit();
    if (!result.succeeded) throw new Error("the value was 1");
    expect(result.answers[0].prevKv?.key).toBe("a");
    expect(result.answers[1].kvs.map(({ key }) => key)).toEqual(["a", "b"]);
    await client.text.put("outside", "4");
    const { value: batch } = await watch[Symbol.asyncIterator]().next();
    expect(batch?.events.map(({ kv, prevKv }) => [kv?.key, prevKv?.key])).toEqual([["a", "a"]]);
    const { prevKvs } = await inside.deleteRange({ key: "\0", rangeEnd: "\0", prevKv: true });
    expect(prevKvs.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(await client.text.get("outside")).toBe("4");
    inside.close();
    expect(await client.text.get("outside")).toBe("4");
  });

  test("refuses an empty key, as the server does", async () => {
    const inside = client.namespace("app/");
    await expect(inside.put({ key: "" })).rejects.toMatchObject({ details: "etcdserver: key is not provided" });
  });

  test("shows those keys of a lease that are its own", async () => {
    const { id } = await client.grantLease({ ttl: 60 });
    await client.put({ key: "app/a", lease: id });
    await client.put({ key: "b", lease: id });
    const { keys } = await client.namespace("app/").leaseTimeToLive({ id, keys: true });
    expect(keys).toEqual(["a"]);
  });
});

describe("an atomic change", () => {
  test("is repeated until nobody interferes: no increment is lost", async () => {
    await client.text.put("count", "0");
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let at = 0; at < 5; at++) {
          await client.text.atomically(async (values) => {
            values.put("count", String(Number(await values.get("count")) + 1));
          });
        }
      }),
    );
    expect(await client.text.get("count")).toBe("40");
  });

  test("reads one state, and its own writes", async () => {
    await client.text.put("a", "1");
    await client.text.put("b", "1");
    const seen = await client.text
      .atomically(
        async (values) => {
          const before = await values.get("a");
          await client.text.put("b", "2");
          values.put("c", "3");
          return [before, await values.get("b"), await values.get("c")];
        },
        { attemptsMax: 1 },
      )
      .catch((error: unknown) => error);
    // "b" was read after it had changed: the state shows the old value, and the change is refused.
    expect(seen).toBeInstanceOf(ClientError);
    expect(seen).toMatchObject({ code: GrpcCode.Aborted });
    expect(await client.text.get("c")).toBe(undefined);
    const quiet = await client.text.atomically(async (values) => {
      values.delete("a");
      return [await values.get("a"), await values.get("b")];
    });
    expect(quiet).toEqual([undefined, "2"]);
    expect(await client.text.get("a")).toBe(undefined);
  });

  test("is refused when a key changed that it writes without reading it", async () => {
    await client.text.put("a", "1");
    const change = client.text.atomically(
      async (values) => {
        await values.get("a");
        await client.text.put("b", "other");
        values.put("b", "mine");
      },
      { attemptsMax: 1 },
    );
    await expect(change).rejects.toMatchObject({ code: GrpcCode.Aborted });
    expect(await client.text.get("b")).toBe("other");
  });
});

describe("a view of a prefix", () => {
  test("holds all keys, follows changes, and is fresh on demand", async () => {
    for (let at = 0; at < 5; at++) await client.text.put(`v/${at}`, String(at));
    await using view = await client.text.view("v/");
    expect([...view].map(({ key }) => key).sort()).toEqual(["v/0", "v/1", "v/2", "v/3", "v/4"]);
    const heard: string[] = [];
    view.onChange(({ type, key }) => heard.push(`${type} ${key}`));
    await client.text.put("v/5", "5");
    await client.text.delete("v/0");
    await client.text.put("other", "x");
    await view.fresh();
    expect([view.get("v/5"), view.get("v/0"), view.size]).toEqual(["5", undefined, 5]);
    expect(heard).toEqual(["put v/5", "delete v/0"]);
    view.close();
    await view.ended;
    expect(() => view.get("v/5")).toThrow("context canceled");
  });

  test("is the state of the server after a restart and a compaction that it missed", async () => {
    const { dataDir, clientPort } = { dataDir: server.dataDir, clientPort: Number(server.endpoint.split(":").at(-1)) };
    await client.text.put("v/kept", "1");
    await client.text.put("v/gone", "1");
    await using view = await client.text.view("v/");
    const heard: string[] = [];
    view.onChange(({ type, key }) => heard.push(`${type} ${key}`));
    await server.kill("SIGKILL");
    server = await ServerProcess.start({ kind: "ours", clientPort, dataDir });
    await client.text.delete("v/gone");
    await client.text.put("v/new", "1");
    const revision = await client.text.put("v/kept", "2");
    await client.compact({ revision });
    await until(async () => view.get("v/kept") === "2");
    await view.fresh();
    expect([...view].map(({ key, value }) => `${key}=${value}`).sort()).toEqual(["v/kept=2", "v/new=1"]);
    expect(heard.toSorted()).toEqual(["delete v/gone", "put v/kept", "put v/new"]);
  });
});

test("keys as text and keys as bytes are the same keys", async () => {
  await client.text.put("ä", "1");
  expect((await client.range({ key: keyFromText("ä") })).count).toBe(1);
});
