import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Clock, type MemberId, systemClock, type Timer } from "../../src/base/index.js";
import { createMessage } from "../../src/raft/index.js";
import type { OutgoingSnapshot, SnapshotSink } from "../../src/transport/index.js";
import { TestMember } from "./member.js";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function pair(snapshotSink: SnapshotSink): Promise<readonly [TestMember, TestMember]> {
  const [one, two] = [await TestMember.start(1n), await TestMember.start(2n, { snapshotSink })];
  stops.push(
    () => one.stop(),
    () => two.stop(),
  );
  one.transport.addPeer(two.id, [two.url]);
  two.transport.addPeer(one.id, [one.url]);
  return [one, two];
}

const message = createMessage("MsgSnap", 2n, 1n, 3, {
  snapshot: {
    data: Uint8Array.from(Buffer.from("{}")),
    metadata: {
      ...{ index: 9, term: 3 },
      confState: { voters: [1n, 2n], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
    },
  },
});

/** A snapshot of `chunks` chunks, which records how many of them were read and whether it was released. */
class Source implements OutgoingSnapshot {
  readonly message = message;
  readonly bodyBytes: number;
  readonly form = "file";
  readonly #chunk: Uint8Array;
  readonly #count: number;
  readonly #breaksAt: number;
  taken = 0;
  released = 0;

  constructor(chunks: number, chunkBytes: number, bodyBytes = chunks * chunkBytes, breaksAt = chunks) {
    this.bodyBytes = bodyBytes;
    this.#chunk = new Uint8Array(chunkBytes).fill(7);
    this.#count = chunks;
    this.#breaksAt = breaksAt;
  }

  body(from: number): AsyncIterable<Uint8Array> {
    return this.#chunks(from);
  }

  release(): void {
    this.released++;
  }

  async *#chunks(from: number): AsyncGenerator<Uint8Array> {
    let skip = from;
    for (let at = 0; at < this.#count; at++) {
      if (at === this.#breaksAt) throw new Error("the disk broke");
      if (skip < this.#chunk.length) {
        this.taken += this.#chunk.length - skip;
        yield this.#chunk.subarray(skip);
      }
      skip = Math.max(0, skip - this.#chunk.length);
    }
  }
}

class Gate {
  open = (): void => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

const mebibyte = 1024 * 1024;

describe("a snapshot", () => {
  test("arrives completely, with its message after its database", async () => {
    let bytes = 0;
    const [one, two] = await pair(async (received, body) => {
      expect(received).toEqual(message);
      expect(two.received).toEqual([]);
      for await (const chunk of body) {
        bytes += chunk.byteLength;
        if (!chunk.every((byte) => byte === 7)) throw new Error("another byte came");
      }
    });
    const source = new Source(30, mebibyte);
    one.transport.sendSnapshot(source);
    await one.until(() => one.events.includes("snapshot 2 finish"));
    expect(bytes).toBe(30 * mebibyte);
    expect(two.received).toEqual([message]);
    expect(source.released).toBe(1);
    expect(one.transport.counters.get(two.id)?.snapshotsSent).toMatchObject({ succeeded: 1, failed: 0, underWay: 0 });
    expect(two.transport.counters.get(one.id)?.snapshotsReceived).toMatchObject({ succeeded: 1, underWay: 0 });
  });

  test("with an empty database arrives", async () => {
    let chunks = 0;
    const [one] = await pair(async (_, body) => {
      for await (const chunk of body) chunks += chunk.byteLength;
    });
    one.transport.sendSnapshot(new Source(0, 0));
    await one.until(() => one.events.includes("snapshot 2 finish"));
    expect(chunks).toBe(0);
  });

  test("is read no faster than it is stored", async () => {
    const gate = new Gate();
    const [one] = await pair(async (_, body) => {
      await gate.opened;
      await drain(_, body);
    });
    const source = new Source(200, mebibyte);
    one.transport.sendSnapshot(source);
    let before = -1;
    // Only as many bytes are read as the connection can buffer.
    await one.until(() => {
      const rests = source.taken > mebibyte && source.taken === before;
      before = source.taken;
      return rests;
    });
    expect(source.taken).toBeLessThan(50 * mebibyte);
    gate.open();
    await one.until(() => one.events.includes("snapshot 2 finish"));
    expect(source.taken).toBe(200 * mebibyte);
  });

  for (const { name, source, sink } of [
    {
      name: "that cannot be stored",
      source: () => new Source(20, mebibyte),
      sink: async () => {
        throw new Error("no space");
      },
    },
    { name: "whose source breaks", source: () => new Source(5, mebibyte, 5 * mebibyte, 3), sink: drain },
    { name: "that is shorter than its size", source: () => new Source(5, mebibyte, 6 * mebibyte), sink: drain },
    { name: "that is longer than its size", source: () => new Source(5, mebibyte, 4 * mebibyte), sink: drain },
  ] satisfies { name: string; source: () => Source; sink: SnapshotSink }[]) {
    test(`${name} fails, and is released`, async () => {
      const [one, two] = await pair(sink);
      const sent = source();
      one.transport.sendSnapshot(sent);
      await one.until(() => one.events.includes("snapshot 2 failure"));
      expect(one.events).not.toContain("snapshot 2 finish");
      expect(two.received).toEqual([]);
      await one.until(() => sent.released === 1);
    });
  }

  test("whose receiver dies fails", async () => {
    const [one, two] = await pair(async (_, body) => {
      for await (const _chunk of body) two.cut();
    });
    const source = new Source(200, mebibyte);
    one.transport.sendSnapshot(source);
    await one.until(() => one.events.includes("snapshot 2 failure"));
    await one.until(() => source.released === 1);
  });

  test("that raft does not accept fails", async () => {
    const [one, two] = await pair(drain);
    two.onMessage = () => {
      throw new Error("raft: stopped");
    };
    one.transport.sendSnapshot(new Source(1, mebibyte));
    await one.until(() => one.events.includes("snapshot 2 failure"));
    expect(two.received.length).toBe(1);
  });

  test("for an unknown member fails", async () => {
    const [one] = await pair(drain);
    const source = new Source(1, mebibyte);
    one.transport.sendSnapshot({
      ...{ form: "file", bodyBytes: source.bodyBytes, message: { ...message, to: 77n } },
      body: (from) => source.body(from),
      release: () => source.release(),
    });
    await one.until(() => one.events.includes("snapshot 77 failure"));
    expect(source.released).toBe(1);
  });

  test("is one of a bounded number", async () => {
    const gate = new Gate();
    const [one] = await pair(async (_, body) => {
      await gate.opened;
      await drain(_, body);
    });
    const sources = Array.from({ length: 20 }, () => new Source(20, mebibyte));
    for (const source of sources) one.transport.sendSnapshot(source);
    // Sixteen snapshots are sent at a time, and a member receives four.
    await one.until(() => one.events.filter((event) => event === "snapshot 2 failure").length === 16);
    gate.open();
    await one.until(() => sources.every(({ released }) => released === 1));
    expect(one.events.filter((event) => event === "snapshot 2 finish").length).toBe(4);
  });

  test("is released when the transport stops", async () => {
    const [one] = await pair(() => new Promise(() => undefined));
    const source = new Source(200, mebibyte);
    one.transport.sendSnapshot(source);
    await one.until(() => source.taken > 0);
    await one.transport.stop();
    expect(source.released).toBe(1);
  });

  test("tells a removed member that it is removed when it sends one", async () => {
    const [one, two] = await pair(drain);
    two.removedIds = [1n];
    one.transport.sendSnapshot(new Source(50, mebibyte));
    await one.until(() => one.events.includes("removed"));
  });
});

/** A sink of one transfer, which keeps what has come when a connection breaks. */
class Keeper {
  bytes = 0;
  /** How each body came: the form, and its first byte. */
  readonly bodies: string[] = [];
  /** Called after each chunk. */
  onChunk: () => void = () => undefined;
  readonly parts = { kept: async () => this.bytes };

  readonly sink: SnapshotSink = async (_, body, { form, from }) => {
    this.bodies.push(`${form} from ${from === this.bytes ? "where it broke off" : from}`);
    for await (const chunk of body) {
      if (!chunk.every((byte) => byte === 7)) throw new Error("another byte came");
      this.bytes += chunk.byteLength;
      this.onChunk();
    }
  };
}

async function keepingPair(keeper: Keeper, tables = true): Promise<readonly [TestMember, TestMember]> {
  const two = await TestMember.start(2n, { snapshotSink: keeper.sink, ...(tables && { parts: keeper.parts }) });
  const one = await TestMember.start(1n);
  stops.push(
    () => one.stop(),
    () => two.stop(),
  );
  one.transport.addPeer(two.id, [two.url]);
  two.transport.addPeer(one.id, [one.url]);
  await one.connected(two);
  return [one, two];
}

describe("between members that say so, a snapshot", () => {
  test("goes on where its connection broke", async () => {
    const keeper = new Keeper();
    const [one, two] = await keepingPair(keeper);
    expect([one.transport.takes(two.id), two.transport.takes(one.id)]).toEqual(["indexed tables", "file"]);
    let cutAt = 5 * mebibyte;
    keeper.onChunk = () => {
      if (keeper.bytes < cutAt) return;
      cutAt += 11 * mebibyte;
      two.cut();
    };
    const source = new Source(30, mebibyte);
    one.transport.sendSnapshot(source);
    await one.until(() => one.events.includes("snapshot 2 finish"));
    expect(keeper.bytes).toBe(30 * mebibyte);
    expect(keeper.bodies).toEqual(Array.from({ length: 4 }, () => "file from where it broke off"));
    expect(two.received.filter(({ type }) => type === "MsgSnap")).toEqual([message]);
    expect(source.released).toBe(1);
  });

  test("is not resumed when its source breaks, or the peer refuses it", async () => {
    const keeper = new Keeper();
    const [one, two] = await keepingPair(keeper);
    one.transport.sendSnapshot(new Source(5, mebibyte, 5 * mebibyte, 3));
    await one.until(() => one.events.filter((event) => event === "snapshot 2 failure").length === 1);
    keeper.onChunk = () => {
      throw new Error("no space");
    };
    one.transport.sendSnapshot(new Source(5, mebibyte));
    await one.until(() => one.events.filter((event) => event === "snapshot 2 failure").length === 2);
    expect(keeper.bodies).toHaveLength(2);
    expect(two.received).toEqual([]);
  });

  test("is given up when the peer does not come back", async () => {
    const clock = new PatientClock();
    const keeper = new Keeper();
    const two = await TestMember.start(2n, { snapshotSink: keeper.sink, parts: keeper.parts });
    const one = await TestMember.start(1n, { clock });
    stops.push(() => one.stop());
    one.transport.addPeer(two.id, [two.url]);
    two.transport.addPeer(one.id, [one.url]);
    await one.connected(two);
    keeper.onChunk = () => void two.stop();
    const source = new Source(30, mebibyte);
    one.transport.sendSnapshot(source);
    await one.until(() => one.events.includes("snapshot 2 failure"));
    expect(clock.waits.filter((ms) => ms === 1_000).length).toBeGreaterThanOrEqual(60);
    expect(source.released).toBe(1);
  });
});

test("a snapshot for a member that does not say so has no headers that it would not know", async () => {
  const headers: string[] = [];
  const two = await TestMember.start(2n, { snapshotSink: drain });
  const one = await TestMember.start(1n, { parts: { kept: async () => 0 } });
  stops.push(
    () => one.stop(),
    () => two.stop(),
  );
  two.onRequest = (request) => {
    if (request.url === "/raft/snapshot") headers.push(...Object.keys(request.headers));
  };
  one.transport.addPeer(two.id, [two.url]);
  two.transport.addPeer(one.id, [one.url]);
  await one.connected(two);
  expect(one.transport.takes(two.id)).toBe("file");
  one.transport.sendSnapshot(new Source(1, mebibyte));
  await one.until(() => one.events.includes("snapshot 2 finish"));
  expect(headers.filter((name) => name.startsWith("x-snapshot"))).toEqual([
    "x-snapshot-takes",
    "x-snapshot-takes-index",
  ]);
});

for (const { name, headers } of [
  { name: "an unknown form", headers: { "X-Snapshot-Form": "pages" } },
  { name: "a transfer whose name is a path", headers: { "X-Snapshot-Transfer": "../../wal" } },
  { name: "a first byte without a transfer", headers: { "X-Snapshot-From": "5" } },
  {
    name: "a first byte that is none",
    headers: { "X-Snapshot-Transfer": "00000000000000aa", "X-Snapshot-From": "-1" },
  },
]) {
  test(`a snapshot with ${name} is refused`, async () => {
    const two = await TestMember.start(2n, { parts: { kept: async () => 0 } });
    stops.push(() => two.stop());
    const own = { "X-Server-Version": "3.5.30", "X-Min-Cluster-Version": "3.0.0", "X-Etcd-Cluster-ID": "c1" };
    const answer = await fetch(`${two.url}/raft/snapshot`, {
      method: "POST",
      headers: { ...own, ...headers },
      body: "x",
    });
    expect([answer.status, (await answer.text()).trim()]).toEqual([400, "the form of the snapshot is unknown"]);
    const kept = await fetch(`${two.url}/raft/snapshot/kept`, { headers: { ...own, ...headers } });
    if (!("X-Snapshot-From" in headers)) expect(kept.status).toBe(404);
  });
}

/** A clock whose waits of a second end at once. */
class PatientClock implements Clock {
  readonly waits: number[] = [];

  now(): number {
    return systemClock.now();
  }

  wallTime(): number {
    return systemClock.wallTime();
  }

  after(delayMs: number, run: () => void): Timer {
    this.waits.push(delayMs);
    return systemClock.after(delayMs === 1_000 ? 0 : delayMs, run);
  }
}

test("a snapshot to a peer with an unexpected answer fails", async () => {
  const odd = createServer((request, response) => {
    request.resume();
    response.writeHead(200).end("welcome");
  }).listen(0, "127.0.0.1");
  await once(odd, "listening");
  const address: AddressInfo | string | null = odd.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  stops.push(async () => {
    odd.closeAllConnections();
    odd.close();
  });
  const one = await TestMember.start(1n);
  stops.push(() => one.stop());
  one.transport.addPeer(2n as MemberId, [`http://127.0.0.1:${port}`]);
  one.transport.sendSnapshot(new Source(3, mebibyte));
  await one.until(() => one.events.includes("snapshot 2 failure"));
});

async function drain(_: unknown, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) expect(chunk.byteLength).toBeGreaterThan(0);
}
