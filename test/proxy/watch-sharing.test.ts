import { describe, expect, test } from "vitest";
import { GrpcCode, ManualClock, MemoryAccount, seededRandom } from "../../src/base/index.js";
import { AttemptError } from "../../src/client/index.js";
import { Upstream } from "../../src/proxy/upstream.js";
import { WatchProxy } from "../../src/proxy/watch/watch-proxy.js";
import type { MessageInPieces, ServerStream } from "../../src/rpc/index.js";
import {
  type Decoded,
  Event,
  KeyValue,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../src/wire/index.js";
import { FakeTransport } from "../client/support/fake-transport.js";

// Tests what the watch proxy asks of a member that the test plays, and what it tells its clients.

const header = (revision: number) => ({ clusterId: 1n, memberId: 2n, revision, raftTerm: 3 });

function world() {
  const clock = new ManualClock();
  const transport = new FakeTransport(["a:1", "b:1"]);
  const memory = MemoryAccount.unlimited();
  const config = { links: () => transport.links, clock, random: seededRandom(1), memory: memory.pot("answers") };
  const proxy = new WatchProxy(new Upstream(config), memory);
  return { clock, transport, proxy, member: new PlayedMember(transport) };
}

/** The member's side of the newest stream. */
class PlayedMember {
  readonly #transport: FakeTransport;

  constructor(transport: FakeTransport) {
    this.#transport = transport;
  }

  /** The requests of the proxy on the newest stream, as short texts. */
  get asked(): string[] {
    return this.#transport.stream.sent.map((bytes) => {
      const { requestUnion } = WatchRequest.decode(bytes as Uint8Array);
      switch (requestUnion?.case) {
        case "createRequest":
          return `create ${requestUnion.value.key} from ${requestUnion.value.startRevision}`;
        case "cancelRequest":
          return `cancel ${requestUnion.value.watchId}`;
        default:
          return requestUnion?.case ?? "";
      }
    });
  }

  created(watchId: bigint, revision: number): void {
    this.#say({ header: header(revision), watchId, created: true });
  }

  changed(watchId: bigint, key: string, ...revisions: readonly number[]): void {
    const events = revisions.map((modRevision) =>
      Event.create({ kv: KeyValue.create({ key, modRevision }), prevKv: KeyValue.create({ key }) }),
    );
    this.#say({ header: header(revisions.at(-1) ?? 0), watchId, events });
  }

  say(fields: Partial<WatchResponse>): void {
    this.#say(fields);
  }

  #say(fields: Partial<WatchResponse>): void {
    this.#transport.stream.answer(WatchResponse.encode(WatchResponse.create(fields)));
  }
}

/** A client with a watch stream through the proxy. */
class PlayedClient {
  /** The responses to the client, as short texts. */
  readonly heard: string[] = [];
  readonly done: Promise<unknown>;
  readonly #gone = new AbortController();
  #requests: Uint8Array[] = [];
  #wake: () => void = () => undefined;

  constructor(proxy: WatchProxy, metadata: Readonly<Record<string, string>> = {}) {
    const stream: ServerStream<Uint8Array, Uint8Array> = {
      call: { cancelled: false, signal: this.#gone.signal, metadata: (name) => metadata[name] },
      read: () => this.#read(),
      write: () => true,
      writePieces: (message) => this.#hear(message),
      drained: async () => undefined,
      end: () => undefined,
    };
    const { binding } = proxy;
    if (binding.kind !== "stream") throw new Error("watches are streams");
    this.done = binding.run(stream).catch((error: unknown) => error);
  }

  watch(key: string, fields: Partial<WatchCreateRequest> = {}): Promise<void> {
    const value = WatchCreateRequest.create({ key, ...fields });
    return this.#send({ requestUnion: { case: "createRequest", value } });
  }

  cancel(watchId: bigint): Promise<void> {
    return this.#send({ requestUnion: { case: "cancelRequest", value: { watchId } } });
  }

  leave(): Promise<unknown> {
    this.#gone.abort();
    return this.done;
  }

  async #send(request: WatchRequest): Promise<void> {
    this.#requests.push(WatchRequest.encode(request));
    this.#wake();
    await settled();
  }

  async *#read(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const next = this.#requests.shift();
      if (next !== undefined) yield next;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #hear({ pieces }: MessageInPieces): boolean {
    const response: Decoded<WatchResponse> = WatchResponse.decode(Buffer.concat(pieces));
    const { watchId, created, canceled, events, cancelReason } = response;
    const changes = events.map(({ kv, prevKv }) => `${kv?.modRevision}${prevKv === undefined ? "" : "+prev"}`);
    const marks = [created && "created", canceled && "canceled", cancelReason].filter(Boolean);
    this.heard.push([`${watchId}@${response.header?.revision}`, ...marks, ...changes].join(" "));
    return true;
  }
}

/** Lets all promises run that are ready. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("watchers of the same keys", () => {
  test("share a watcher at the member, and it is cancelled with the last of them", async () => {
    const { proxy, member } = world();
    const [one, other] = [new PlayedClient(proxy), new PlayedClient(proxy)];
    await one.watch("k");
    await other.watch("k", { prevKv: true });
    expect(member.asked).toEqual(["create k from 0"]);
    member.created(7n, 10);
    await other.watch("k", { filters: [0] });
    member.changed(7n, "k", 11);
    await settled();
    expect(member.asked).toEqual(["create k from 0"]);
    expect(one.heard).toEqual(["0@10 created", "0@11 11"]);
    expect(other.heard).toEqual(["0@10 created", "1@10 created", "0@11 11+prev"]);
    await one.leave();
    await other.cancel(1n);
    expect(member.asked).toEqual(["create k from 0"]);
    await other.cancel(0n);
    expect(member.asked).toEqual(["create k from 0", "cancel 7"]);
  });

  test("have watchers of their own until the slower one has caught up", async () => {
    const { proxy, member } = world();
    const client = new PlayedClient(proxy);
    await client.watch("k");
    member.created(1n, 10);
    await client.watch("k", { startRevision: 5 });
    member.created(2n, 10);
    member.changed(2n, "k", 5, 7);
    member.changed(1n, "k", 11);
    expect(member.asked).toEqual(["create k from 0", "create k from 5"]);
    member.changed(2n, "k", 11);
    await settled();
    expect(member.asked.at(-1)).toMatch(/^cancel [12]$/);
    member.changed(member.asked.at(-1) === "cancel 1" ? 2n : 1n, "k", 12);
    await settled();
    expect(client.heard.filter((line) => line.startsWith("0"))).toEqual(["0@10 created", "0@11 11", "0@12 12"]);
    expect(client.heard.filter((line) => line.startsWith("1"))).toEqual([
      ...["1@10 created", "1@7 5 7", "1@11 11", "1@12 12"],
    ]);
  });

  test("do not share one when a member must judge them apart", async () => {
    const { proxy, transport } = world();
    for (const token of ["t1", "t2"]) await new PlayedClient(proxy, { token }).watch("k");
    expect(transport.streams.map(({ call }) => call.metadata.token)).toEqual(["t1", "t2"]);
  });
});

describe("the answers to requests", () => {
  test("come in their order, although a member is asked for some only", async () => {
    const { proxy, member } = world();
    const [one, other] = [new PlayedClient(proxy), new PlayedClient(proxy)];
    await one.watch("k");
    member.created(1n, 10);
    await other.watch("new");
    await other.watch("k");
    await other.watch("k", { startRevision: -1 });
    expect(other.heard).toEqual([]);
    member.changed(1n, "k", 11);
    member.created(2n, 11);
    await settled();
    const compacted = "-1@10 created canceled etcdserver: mvcc: required revision has been compacted";
    expect(other.heard.slice(0, 3)).toEqual(["0@11 created", "1@10 created", compacted]);
    // The event that came before its watcher was announced is read again from history.
    expect(member.asked.at(-1)).toBe("create k from 11");
  });

  test("pass on a member's refusal, and the end of a watcher", async () => {
    const { proxy, member } = world();
    const client = new PlayedClient(proxy);
    await client.watch("secret");
    const refusal = { created: true, canceled: true, cancelReason: "etcdserver: permission denied" };
    member.say({ header: header(10), watchId: -1n, ...refusal });
    await client.watch("k");
    member.created(1n, 10);
    member.say({ header: header(12), watchId: 1n, canceled: true, compactRevision: 11 });
    await settled();
    expect(client.heard).toEqual([
      "-1@10 created canceled etcdserver: permission denied",
      ...["1@10 created", "1@12 canceled"],
    ]);
  });

  test("refuse a watch id twice", async () => {
    const { proxy, member } = world();
    const client = new PlayedClient(proxy);
    for (let times = 0; times < 2; times++) await client.watch("k", { watchId: 5n });
    member.created(1n, 10);
    await settled();
    expect(client.heard).toEqual([
      "5@10 created",
      expect.stringContaining("canceled mvcc: duplicate watch ID provided on the WatchStream"),
    ]);
  });
});

describe("a lost member", () => {
  const lost = new AttemptError(GrpcCode.Unavailable, "connection lost", "a:1", false);

  test("is replaced by another one, which goes on where it ended", async () => {
    const { proxy, member, transport, clock } = world();
    const client = new PlayedClient(proxy);
    await client.watch("k");
    await client.watch("later", { startRevision: 100 });
    member.created(1n, 10);
    member.created(2n, 10);
    member.changed(1n, "k", 12);
    transport.stream.lose(lost);
    clock.advance(2_000);
    expect(transport.streams.length).toBe(2);
    expect(member.asked).toEqual(["create k from 13", "create later from 100"]);
    member.created(1n, 14);
    member.created(2n, 14);
    member.changed(1n, "k", 13);
    await settled();
    expect(client.heard).toEqual(["0@10 created", "1@10 created", "0@12 12", "0@13 13"]);
  });

  test("ends the streams of clients that require a leader, when there is none", async () => {
    const { proxy, transport } = world();
    const [needing, patient] = [new PlayedClient(proxy, { hasleader: "true" }), new PlayedClient(proxy)];
    await needing.watch("k");
    await patient.watch("k");
    const [first] = transport.streams;
    first?.lose(new AttemptError(GrpcCode.Unavailable, "etcdserver: no leader", "a:1", false));
    expect(await needing.done).toMatchObject({ message: "etcdserver: no leader", code: GrpcCode.Unavailable });
    expect(transport.open.length).toBe(1);
    await patient.leave();
    expect(transport.open.length).toBe(0);
  });
});
