import { afterEach, describe, expect, test, vi } from "vitest";
import { ManualClock } from "../../src/base/index.js";
import { clientClock } from "../../src/client/client-clock.js";
import {
  AttemptError,
  Client,
  ClientError,
  Election,
  GrpcCode,
  Mutex,
  type RequestOp,
  Session,
} from "../../src/client/index.js";
import { RangeResponse, type TxnRequest, TxnResponse } from "../../src/wire/index.js";
import { FakeTransport, nobody, settled } from "./support/fake-transport.js";
import { changes, created, pair } from "./support/watch-server.js";

// Leases, and what is built on them, over a transport whose server is the test, on a clock that only the test moves.

const open: Client[] = [];

afterEach(() => {
  for (const client of open.splice(0)) client.close();
  vi.restoreAllMocks();
});

function start() {
  const [transport, clock] = [new FakeTransport(), new ManualClock()];
  const client = new Client({ transport, clock, tracing: false });
  open.push(client);
  transport.on("Lease/LeaseGrant", (request: { ttl: number }) => ({ id: 77n, ttl: request.ttl }));
  transport.on("Lease/LeaseRevoke", () => ({}));
  return { transport, clock, client };
}

const renewal = (ttl: number) => ({ header: undefined, id: 77n, ttl });

/** Whether a promise has been fulfilled by now. */
async function done(promise: Promise<unknown>): Promise<boolean> {
  let fulfilled = false;
  void promise.then(() => {
    fulfilled = true;
  });
  await settled();
  return fulfilled;
}

describe("a lease that is kept alive", () => {
  test("ends when it is not renewed for its time to live, whatever the machine's clock shows", async () => {
    const { transport, clock, client } = start();
    const wall = vi.spyOn(Date, "now").mockReturnValue(10_000_000);
    const keeper = client.keepAlive(77n);
    await settled();
    transport.stream.answer(renewal(5));
    wall.mockReturnValue(10_000_000 - 3_600_000);
    clock.advance(4_900);
    expect(await done(keeper.ended)).toBe(false);
    clock.advance(200);
    expect(await done(keeper.ended)).toBe(true);
  });

  test("is judged by a clock that does not follow the machine's", () => {
    const before = clientClock.now();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() - 3_600_000);
    expect(clientClock.now()).toBeGreaterThanOrEqual(before);
  });

  test("counts its life from when the renewal was sent, not from when the answer came", async () => {
    const { transport, clock, client } = start();
    const keeper = client.keepAlive(77n);
    await settled();
    clock.advance(3_000);
    transport.stream.answer(renewal(5));
    clock.advance(2_100);
    expect(await done(keeper.ended)).toBe(true);
  });

  test("counts its life from before it was granted, until its first renewal", async () => {
    const { transport, clock, client } = start();
    transport.on("Lease/LeaseGrant", () => {
      clock.advance(1_500);
      return { id: 77n, ttl: 2 };
    });
    const session = await Session.open(client, { ttlSeconds: 2 });
    clock.advance(400);
    expect(await done(session.ended)).toBe(false);
    clock.advance(200);
    expect(await done(session.ended)).toBe(true);
  });

  test("is renewed once for all who keep it, and ends for all", async () => {
    const { transport, clock, client } = start();
    const [one, other] = [client.keepAlive(77n), client.keepAlive(77n)];
    await settled();
    expect(transport.stream.sent).toEqual([{ id: 77n }]);
    transport.stream.answer(renewal(3));
    clock.advance(1_100);
    expect(transport.stream.sent.length).toBe(2);
    transport.stream.answer(renewal(0));
    expect([await done(one.ended), await done(other.ended)]).toEqual([true, true]);
  });

  test("survives a lost stream, and a token that was refused", async () => {
    const [transport, clock] = [new FakeTransport(), new ManualClock()];
    const client = new Client({ transport, clock, tracing: false, auth: { user: "root", password: "r" } });
    open.push(client);
    let logins = 0;
    transport.on("Auth/Authenticate", () => ({ token: `token ${++logins}` }));
    const keeper = client.keepAlive(77n);
    await settled();
    transport.stream.answer(renewal(60));
    transport.stream.lose();
    clock.advance(500);
    await settled();
    expect(transport.stream.sent).toEqual([{ id: 77n }]);
    transport.stream.lose(new AttemptError(GrpcCode.Unauthenticated, "etcdserver: invalid auth token", "", false));
    clock.advance(1_000);
    await settled();
    expect(transport.stream.call.metadata).toEqual({ token: "token 2" });
    expect(transport.stream.sent).toEqual([{ id: 77n }]);
    expect(await done(keeper.ended)).toBe(false);
  });
});

describe("keepAliveOnce()", () => {
  test("pauses between attempts while nothing listens, and fails at its time limit", async () => {
    const { transport, clock, client } = start();
    transport.refusing = nobody();
    const failed = client.keepAliveOnce(77n, { timeoutMs: 3_000 }).catch((error: unknown) => error);
    for (let ms = 0; ms <= 3_000; ms += 5) {
      await settled();
      clock.advance(5);
    }
    expect(await failed).toMatchObject({ code: GrpcCode.DeadlineExceeded });
    expect(transport.streams.length).toBeLessThanOrEqual(3_000 / 20);
  });

  test("ends at its signal, between two attempts and during one", async () => {
    const { transport, client } = start();
    transport.refusing = nobody();
    const between = new AbortController();
    const first = client.keepAliveOnce(77n, { signal: between.signal }).catch((error: unknown) => error);
    await settled();
    between.abort();
    expect(await first).toMatchObject({ code: GrpcCode.Canceled });
    transport.refusing = undefined;
    const during = new AbortController();
    const second = client.keepAliveOnce(77n, { signal: during.signal }).catch((error: unknown) => error);
    await settled();
    during.abort();
    expect(await second).toMatchObject({ code: GrpcCode.Canceled });
  });
});

/** A server with a queue of keys, of which it forgets those whose lease ends. */
function queue(transport: FakeTransport) {
  let revision = 100;
  const keys = new Map<string, ReturnType<typeof pair>>();
  keys.set("name/1", pair("name/1", 50));
  const header = () => ({ clusterId: 1n, memberId: 1n, revision, raftTerm: 1 });
  transport.on("KV/Txn", ({ success }: TxnRequest) => {
    revision++;
    const [op] = success as readonly RequestOp[];
    if (op?.request?.case === "requestPut") {
      const { key } = op.request.value;
      keys.set(key, pair(key, revision));
    } else if (op?.request?.case === "requestDeleteRange") keys.delete(op.request.value.key);
    const first = [...keys.values()].sort((left, right) => left.createRevision - right.createRevision)[0];
    const found = RangeResponse.create({ kvs: first === undefined ? [] : [first] });
    const responses = [
      { response: { case: "responsePut", value: {} } },
      { response: { case: "responseRange", value: found } },
    ];
    return { ...TxnResponse.create({ header: header(), succeeded: true }), responses };
  });
  transport.on("KV/DeleteRange", ({ key }: { key: string }) => ({ deleted: keys.delete(key) ? 1 : 0 }));
  transport.on("KV/Range", ({ key, rangeEnd, maxCreateRevision }: Record<string, never>) => {
    const within = [...keys.values()].filter((kv) =>
      rangeEnd === "" ? kv.key === key : kv.createRevision <= (maxCreateRevision ?? 0),
    );
    const kvs = within.sort((left, right) => right.createRevision - left.createRevision).slice(0, 1);
    return RangeResponse.create({ header: header(), kvs, count: within.length });
  });
  return {
    keys,
    /** A key goes, and a key in its place may come: the watcher of `watched` hears of the change. */
    remove(key: string): void {
      keys.delete(key);
      revision++;
    },
  };
}

/** Begins to wait behind another session, which leaves when the returned function is called. */
async function waiting(wait: (session: Session) => Promise<unknown>) {
  const { transport, client } = start();
  const server = queue(transport);
  const session = await Session.open(client);
  const result = wait(session).then(
    () => "granted",
    (error: unknown) => (error instanceof ClientError ? error.message : String(error)),
  );
  await settled();
  const watch = transport.streams.find(({ path }) => path.endsWith("/Watch"));
  watch?.answer(created(0, 101));
  await settled();
  return {
    ...server,
    result,
    goOn: () => {
      server.remove("name/1");
      watch?.answer(changes(0, [110], "name/1"));
    },
  };
}

for (const { kind, text, wait } of [
  { kind: "an election", text: "election: session is expired", wait: (session: Session) => campaign(session) },
  { kind: "a lock", text: "mutex: session is expired", wait: (session: Session) => new Mutex(session, "name").lock() },
]) {
  describe(`a waiter for ${kind}`, () => {
    test("gets it when the one before is gone", async () => {
      const { goOn, result } = await waiting(wait);
      goOn();
      expect(await result).toBe("granted");
    });

    test("whose lease was revoked meanwhile does not get it", async () => {
      const { keys, goOn, result } = await waiting(wait);
      keys.delete("name/4d");
      goOn();
      expect(await result).toBe(text);
    });

    test("whose key was created anew meanwhile does not get it with the old place", async () => {
      const { keys, goOn, result } = await waiting(wait);
      keys.set("name/4d", pair("name/4d", 105));
      goOn();
      expect(await result).toBe(text);
    });
  });
}

function campaign(session: Session): Promise<void> {
  return new Election(session, "name").campaign(Buffer.from("value"));
}
