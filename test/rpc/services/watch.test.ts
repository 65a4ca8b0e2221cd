import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { EtcdError } from "../../../src/base/index.js";
import { FilterType, type WatchCreateRequest } from "../../../src/wire/index.js";
import { type Write, write } from "../../mvcc/fixture.js";
import { startWatching as start } from "./watch-client.js";

interface Row {
  readonly name: string;
  readonly create: Partial<WatchCreateRequest>;
  /** The revision at which the store is compacted. */
  readonly compacted?: number;
  /** The responses at once. `after`: those after a put of a and c at revision 6. */
  readonly want: readonly string[];
  readonly after: readonly string[];
}

const rows: readonly Row[] = [
  { name: "from now on", create: { key: "a" }, want: ["0@5 created"], after: ["0@6 a=4@6"] },
  {
    name: "from the past",
    create: { key: "a", startRevision: 2 },
    want: ["0@5 created", "0@5 a=1@2 a=3@4 -a@5"],
    after: ["0@6 a=4@6"],
  },
  {
    name: "from the compacted revision itself",
    create: { key: "a", startRevision: 4 },
    compacted: 4,
    want: ["0@5 created", "0@5 a=3@4 -a@5"],
    after: ["0@6 a=4@6"],
  },
  {
    name: "from before the compacted revision is created, then cancelled without a reason, with header revision 0",
    create: { key: "a", startRevision: 3 },
    compacted: 4,
    want: ["0@5 created", "0@0 canceled compacted 4"],
    after: [],
  },
  {
    name: "from a negative revision is cancelled in one answer",
    create: { key: "a", startRevision: -1, watchId: 7n },
    want: ['-1@5 created canceled "etcdserver: mvcc: required revision has been compacted"'],
    after: [],
  },
  { name: "from the future", create: { key: "a", startRevision: 7 }, want: ["0@5 created"], after: [] },
  {
    name: "an empty range",
    create: { key: "b", rangeEnd: "a" },
    want: ['-1@5 created canceled "mvcc: watcher range is empty"'],
    after: [],
  },
  {
    name: "a range that ends where it begins",
    create: { key: "b", rangeEnd: "b" },
    want: ['-1@5 created canceled "mvcc: watcher range is empty"'],
    after: [],
  },
  { name: 'the empty key, which is "\\0"', create: { key: "" }, want: ["0@5 created"], after: [] },
  {
    name: 'the empty key to "\\0", which is everything',
    create: { key: "", rangeEnd: "\0" },
    want: ["0@5 created"],
    after: ["0@6 a=4@6 c=5@6"],
  },
  {
    name: "of all keys from a key on",
    create: { key: "b", rangeEnd: "\0" },
    want: ["0@5 created"],
    after: ["0@6 c=5@6"],
  },
  { name: "a range", create: { key: "a", rangeEnd: "c" }, want: ["0@5 created"], after: ["0@6 a=4@6"] },
  {
    name: "no puts",
    create: { key: "a", startRevision: 2, filters: [FilterType.NOPUT] },
    want: ["0@5 created", "0@5 -a@5"],
    after: [],
  },
  {
    name: "no deletes",
    create: { key: "a", startRevision: 4, filters: [FilterType.NODELETE, 99] },
    want: ["0@5 created", "0@5 a=3@4"],
    after: ["0@6 a=4@6"],
  },
  {
    name: "with previous pairs: none for a creation, but one for a delete",
    create: { key: "a", startRevision: 2, prevKv: true },
    want: ["0@5 created", "0@5 a=1@2 a=3@4(was a=1@2) -a@5(was a=3@4)"],
    after: ["0@6 a=4@6"],
  },
  {
    name: "with previous pairs that are compacted",
    create: { key: "a", startRevision: 4, prevKv: true },
    compacted: 4,
    want: ["0@5 created", "0@5 a=3@4 -a@5(was a=3@4)"],
    after: ["0@6 a=4@6"],
  },
  {
    name: "with a chosen id",
    create: { key: "a", watchId: 42n },
    want: ["42@5 created"],
    after: ["42@6 a=4@6"],
  },
  {
    name: "with an id beyond the exact integers of a double",
    create: { key: "a", watchId: -(2n ** 63n) + 1n },
    want: ["-9223372036854775807@5 created"],
    after: ["-9223372036854775807@6 a=4@6"],
  },
];

describe("a watch", () => {
  for (const { name, create, compacted, want, after } of rows) {
    test(name, async () => {
      const { store, server } = await start(compacted);
      const client = server.open();
      client.create(create);
      expect(await client.heard()).toEqual(want);
      write(store, { put: "a", value: "4" }, { put: "c", value: "5" });
      expect(await client.heard()).toEqual(after);
      expect(client.outcome).toBeUndefined();
    });
  }

  test("is refused if its id is in use", async () => {
    const { server } = await start();
    const client = server.open();
    client.create({ key: "a", watchId: 42n });
    client.create({ key: "b", watchId: 42n });
    const reason = "mvcc: duplicate watch ID provided on the WatchStream";
    expect(await client.heard()).toEqual(["42@5 created", `-1@5 created canceled "${reason}"`]);
  });

  test("gets the next free id of its stream from the server", async () => {
    const { server } = await start();
    const [one, other] = [server.open(), server.open()];
    one.create({ key: "a" });
    one.create({ key: "a", watchId: 1n });
    one.create({ key: "a" });
    other.create({ key: "a" });
    expect(await one.heard()).toEqual(["0@5 created", "1@5 created", "2@5 created"]);
    expect(await other.heard()).toEqual(["0@5 created"]);
  });

  test("gets the event of a write that follows at once", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    client.create({ key: "a", startRevision: 2 });
    while (client.responses.length === 0) {
      await nextTurn();
      write(store, { put: "b" });
    }
    write(store, { put: "a", value: "x" });
    const heard = await client.heard();
    expect(heard[0]).toMatch(/^0@\d+ created$/);
    expect(heard.filter((line) => line.startsWith("0@"))).toHaveLength(2);
    expect(heard.filter((line) => line.includes(`a=x@${store.revision}`))).toHaveLength(2);
  });
});

describe("a cancel", () => {
  test("is answered without a reason, and no more events follow", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    client.cancelWatch(0n);
    expect(await client.heard()).toEqual(["0@5 created", "0@5 canceled"]);
    write(store, { put: "a" });
    expect(await client.heard()).toEqual([]);
  });

  test("of an unknown id is not answered", async () => {
    const { server } = await start();
    const client = server.open();
    client.cancelWatch(3n);
    client.create({ key: "a" });
    client.cancelWatch(0n);
    client.cancelWatch(0n);
    expect(await client.heard()).toEqual(["0@5 created", "0@5 canceled"]);
  });

  test("is answered after earlier events", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    await client.heard();
    write(store, { put: "a", value: "4" });
    client.cancelWatch(0n);
    expect(await client.heard()).toEqual(["0@6 a=4@6", "0@6 canceled"]);
  });

  test("is answered also for a watch that a compaction has ended", async () => {
    const { server } = await start(4);
    const client = server.open();
    client.create({ key: "a", startRevision: 2 });
    expect(await client.heard()).toEqual(["0@5 created", "0@0 canceled compacted 4"]);
    client.cancelWatch(0n);
    expect(await client.heard()).toEqual(["0@5 canceled"]);
  });
});

describe("progress", () => {
  test("on request is sent with the id -1, but not without watchers", async () => {
    const { server } = await start();
    const client = server.open();
    client.requestProgress();
    expect(await client.heard()).toEqual([]);
    client.create({ key: "a" });
    client.requestProgress();
    expect(await client.heard()).toEqual(["0@5 created", "-1@5"]);
  });

  test("on request is not sent while a watcher of the stream is unsynced", async () => {
    const { server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    client.create({ key: "b", startRevision: 2 });
    client.requestProgress();
    expect(await client.heard()).toEqual(["0@5 created", "1@5 created", "1@5 b=2@3"]);
    client.requestProgress();
    expect(await client.heard()).toEqual(["-1@5"]);
  });

  test("is sent automatically when a little more than an interval has passed without events", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "a", progressNotify: true });
    client.create({ key: "b", progressNotify: true });
    client.create({ key: "b" });
    expect(await client.heard()).toHaveLength(3);
    server.clock.advance(999);
    expect(await client.heard()).toEqual([]);
    write(store, { put: "a", value: "4" });
    server.clock.advance(101);
    expect(await client.heard()).toEqual(["0@6 a=4@6", "1@6"]);
    server.clock.advance(1_100);
    expect(await client.heard()).toEqual(["0@6", "1@6"]);
    client.cancelCall();
    await client.heard();
    server.clock.advance(10_000);
    expect(await client.heard()).toEqual([]);
  });

  test("is never sent before an older event", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "a" });
    await client.heard();
    client.requestProgress();
    write(store, { put: "a", value: "4" });
    client.requestProgress();
    expect(await client.heard()).toEqual(["0@6 a=4@6", "-1@6", "-1@6"]);
  });
});

describe("the events of one revision", () => {
  const large = { length: 6 };
  const writes: Write[] = Array.from(large, (_, at) => ({ put: `k${at}`, value: "x".repeat(300_000) }));
  const events = Array.from(large, (_, at) => `k${at}=300000 bytes@6`);

  test("are sent in one response of any size", async () => {
    const { store, server } = await start();
    const client = server.open();
    client.create({ key: "k", rangeEnd: "l" });
    await client.heard();
    write(store, ...writes);
    expect(await client.heard()).toEqual([`0@6 ${events.join(" ")}`]);
  });

  test("are cut into fragments if the watcher allows it, all but the last marked", async () => {
    const { store, server } = await start();
    server.maxRequestBytes = 500_000;
    const client = server.open();
    client.create({ key: "k", rangeEnd: "l", fragment: true });
    await client.heard();
    write(store, ...writes);
    expect(await client.heard()).toEqual([
      `0@6 fragment ${events.slice(0, 3).join(" ")}`,
      `0@6 ${events.slice(3).join(" ")}`,
    ]);
    write(store, { put: "k", value: "small" });
    expect(await client.heard()).toEqual(["0@7 k=small@7"]);
  });
});

describe("permission", () => {
  for (const [kind, reason] of [
    ["permissionDenied", "rpc error: code = PermissionDenied desc = etcdserver: permission denied"],
    ["invalidAuthToken", "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"],
    ["userEmpty", "rpc error: code = InvalidArgument desc = etcdserver: user name is empty"],
    ["authOldRevision", "rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old"],
  ] as const) {
    test(`${kind} is created and cancelled with etcd's text`, async () => {
      const { server } = await start();
      server.judge = {
        reader: () => Promise.reject(new EtcdError(kind)),
        refusal: () => undefined,
        onChange: () => () => undefined,
      };
      const client = server.open();
      client.create({ key: "a", watchId: 5n });
      expect(await client.heard()).toEqual([`-1@5 created canceled "${reason}"`]);
    });
  }

  for (const { key, rangeEnd, asked } of [
    { key: "a", rangeEnd: "", asked: ["a", ""] },
    { key: "a", rangeEnd: "c", asked: ["a", "c"] },
    { key: "a", rangeEnd: "\0", asked: ["a", "\0"] },
    { key: "", rangeEnd: "\0", asked: ["\0", "\0"] },
  ]) {
    test(`is checked for ${JSON.stringify(asked)}: a range end of "\\0" means no upper bound`, async () => {
      const { server } = await start();
      const checked: unknown[] = [];
      server.judge = {
        reader(...range) {
          checked.push(range.slice(0, 2));
          return "";
        },
        refusal: () => undefined,
        onChange: () => () => undefined,
      };
      const client = server.open();
      client.create({ key, rangeEnd });
      expect(await client.heard()).toEqual(["0@5 created"]);
      expect(checked).toEqual([asked]);
    });
  }
});
