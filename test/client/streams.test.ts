import { afterEach, describe, expect, test, vi } from "vitest";
import { ManualClock } from "../../src/base/index.js";
import { AttemptError, Client, ClientError, GrpcCode, WatchCanceledError } from "../../src/client/index.js";
import { FakeTransport, nobody, settled } from "./support/fake-transport.js";
import { askedOf, changes, created, ended, pair, progress, refused, revisionsOf } from "./support/watch-server.js";

// Watches over a transport whose server is the test, on a clock that only the test moves.

const open: Client[] = [];

afterEach(() => {
  for (const client of open.splice(0)) client.close();
  vi.restoreAllMocks();
});

function start(options: { auth?: { user: string; password: string }; callTimeoutMs?: number } = {}) {
  const [transport, clock] = [new FakeTransport(), new ManualClock()];
  const client = new Client({ transport, clock, tracing: false, ...options });
  open.push(client);
  return { transport, clock, client };
}

/** A client with one watch, which the server created at revision 10. */
async function watching(startRevision = 0) {
  const started = start();
  const asking = started.client.watch({ key: "k", startRevision });
  await settled();
  started.transport.stream.answer(created(0, 10));
  return { ...started, watch: await asking };
}

function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "no error",
    (error) => (error instanceof ClientError ? error.message : `not a ClientError: ${String(error)}`),
  );
}

describe("a lost stream", () => {
  test("is replaced after a pause, and each watch continues after its last event", async () => {
    const { transport, clock, watch } = await watching();
    transport.stream.answer(changes(0, [11, 12]));
    transport.stream.lose();
    await settled();
    expect(transport.streams.length).toBe(1);
    clock.advance(50);
    await settled();
    expect(askedOf(transport.stream)).toEqual(["create 13"]);
    transport.stream.answer(created(7, 20));
    transport.stream.answer(changes(7, [12, 13]));
    expect(await revisionsOf(watch, 3)).toEqual([11, 12, 13]);
  });

  test("is replaced by one stream, also when a watch is asked for during the pause", async () => {
    const { transport, clock, client, watch } = await watching();
    transport.stream.lose();
    const other = client.watch({ key: "other" });
    await settled();
    clock.advance(50);
    await settled();
    expect(transport.open.length).toBe(1);
    expect(askedOf(transport.stream)).toEqual(["create 11", "create 0"]);
    transport.stream.answer(created(0, 10));
    transport.stream.answer(created(1, 10));
    transport.stream.answer(changes(0, [11]));
    transport.stream.answer(changes(1, [12]));
    expect([await revisionsOf(watch, 1), await revisionsOf(await other, 1)]).toEqual([[11], [12]]);
  });

  test("is opened again ever more slowly while nothing listens, and at once after that", async () => {
    const { transport, clock } = await watching();
    transport.refusing = nobody();
    transport.stream.lose();
    for (let ms = 0; ms < 10_000; ms += 10) {
      clock.advance(10);
      await settled();
    }
    expect(transport.streams.length).toBeLessThan(20);
    transport.refusing = undefined;
    clock.advance(1_000);
    await settled();
    transport.stream.answer(created(0, 10));
    const before = transport.streams.length;
    transport.stream.lose();
    clock.advance(50);
    await settled();
    expect(transport.streams.length).toBe(before + 1);
  });

  test("ends its watches when the error is permanent", async () => {
    const { transport, watch } = await watching();
    transport.stream.answer(changes(0, [11]));
    transport.stream.lose(new AttemptError(GrpcCode.Unimplemented, "unknown service", "fake:1", false));
    expect(await revisionsOf(watch, 1)).toEqual([11]);
    expect(await refusal(revisionsOf(watch, 1))).toContain("unknown service");
  });
});

describe("watch()", () => {
  test("fails at its time limit when nothing listens, with the reason", async () => {
    const { transport, clock, client } = start();
    transport.refusing = nobody();
    const watch = client.watch({ key: "k" }, { timeoutMs: 3_000 });
    const failed = watch.catch((error: unknown) => error);
    for (let ms = 0; ms <= 3_000; ms += 100) {
      await settled();
      clock.advance(100);
    }
    const error = await failed;
    expect(error).toMatchObject({ code: GrpcCode.DeadlineExceeded, message: "context deadline exceeded" });
    expect(String((error as Error).cause)).toContain("No connection established");
  });

  test("takes the time limit of the client's calls", async () => {
    const { clock, client } = start({ callTimeoutMs: 1_000 });
    const watch = refusal(client.watch({ key: "k" }));
    await settled();
    clock.advance(1_000);
    expect(await watch).toContain("context deadline exceeded");
  });

  test("ends at its signal, before and after it is created", async () => {
    const { transport, client } = start();
    const early = new AbortController();
    const never = refusal(client.watch({ key: "k" }, { signal: early.signal }));
    early.abort();
    expect(await never).toContain("context canceled");
    const late = new AbortController();
    const asking = client.watch({ key: "k" }, { signal: late.signal });
    await settled();
    transport.stream.answer(created(0, 10));
    const watch = await asking;
    late.abort();
    expect(await watch[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    expect(transport.open).toEqual([]);
  });

  test("rejects when the server refuses the watch", async () => {
    const { transport, client } = start();
    const asking = client.watch({ key: "k" }).catch((error: unknown) => error);
    await settled();
    transport.stream.answer(refused("rpc error: code = PermissionDenied desc = etcdserver: permission denied"));
    const error = await asking;
    expect(error).toBeInstanceOf(WatchCanceledError);
    expect(String(error)).toContain("etcdserver: permission denied");
  });
});

describe("a refused token", () => {
  const auth = { user: "root", password: "r" };

  function withLogins() {
    const started = start({ auth });
    let logins = 0;
    started.transport.on("Auth/Authenticate", () => ({ token: `token ${++logins}` }));
    return started;
  }

  for (const reason of ["etcdserver: invalid auth token", "etcdserver: revision of auth store is old"]) {
    for (const text of [reason, `rpc error: code = Unauthenticated desc = ${reason}`]) {
      test(`in "${text}" is renewed, and no watch dies of it`, async () => {
        const { transport, clock, client } = withLogins();
        const first = client.watch({ key: "a" });
        await settled();
        expect(transport.stream.call.metadata).toEqual({ token: "token 1" });
        transport.stream.answer(created(0, 10));
        const one = await first;
        // The server has forgotten the token: a watch that is added to the stream is refused.
        const second = client.watch({ key: "b" });
        await settled();
        transport.stream.answer(refused(text));
        clock.advance(50);
        await settled();
        expect(transport.stream.call.metadata).toEqual({ token: "token 2" });
        expect(askedOf(transport.stream)).toEqual(["create 11", "create 0"]);
        transport.stream.answer(created(0, 10));
        transport.stream.answer(created(1, 10));
        transport.stream.answer(changes(0, [11]));
        transport.stream.answer(changes(1, [12]));
        expect([await revisionsOf(one, 1), await revisionsOf(await second, 1)]).toEqual([[11], [12]]);
      });
    }
  }

  test("ends the watch when new tokens are refused, too", async () => {
    const { transport, clock, client } = withLogins();
    const watch = refusal(client.watch({ key: "a" }));
    for (let round = 0; round < 6; round++) {
      await settled();
      if (transport.open.length > 0) transport.stream.answer(refused("etcdserver: invalid auth token"));
      clock.advance(1_000);
    }
    expect(await watch).toContain("etcdserver: invalid auth token");
  });
});

describe("a requested progress notice", () => {
  const history = Array.from({ length: 6_001 }, (_, at) => at + 2);

  test("does not discard the older events that follow it, as in etcd 3.4", async () => {
    const { transport, client, watch } = await watching(2);
    client.requestProgress();
    expect(askedOf(transport.stream)).toEqual(["create 2", "progress"]);
    transport.stream.answer(progress(-1, 6_002));
    for (let from = 0; from < history.length; from += 500) {
      transport.stream.answer(changes(0, history.slice(from, from + 500)));
    }
    expect(await revisionsOf(watch, history.length)).toEqual(history);
  });

  test("is no place to continue from, since older events may follow; a notice to one watch is", async () => {
    const { transport, clock, watch } = await watching(2);
    transport.stream.answer(changes(0, [5]));
    transport.stream.answer(progress(-1, 6_002));
    transport.stream.lose();
    clock.advance(50);
    await settled();
    expect(askedOf(transport.stream)).toEqual(["create 6"]);
    transport.stream.answer(created(0, 10));
    transport.stream.answer(progress(0, 40));
    transport.stream.lose();
    clock.advance(50);
    await settled();
    expect(askedOf(transport.stream)).toEqual(["create 41"]);
    watch.cancel();
  });

  test("is requested when the stream opens, if it was lost", async () => {
    const { transport, clock, client } = await watching();
    transport.stream.lose();
    client.requestProgress();
    clock.advance(50);
    await settled();
    expect(askedOf(transport.stream)).toEqual(["create 11", "progress"]);
  });
});

describe("unread batches", () => {
  test("of one watch hold up no other, and are counted no more when it is cancelled", async () => {
    const { transport, client, watch } = await watching();
    const asking = client.watch({ key: "busy" });
    await settled();
    transport.stream.answer(created(1, 10));
    const busy = await asking;
    const pausing = vi.spyOn(transport.stream, "pause");
    for (let revision = 11; revision < 1_010; revision++) transport.stream.answer(changes(1, [revision]));
    busy.cancel();
    const heard = revisionsOf(watch, 5_000);
    for (let revision = 1_010; revision < 6_010; revision++) {
      transport.stream.answer(changes(0, [revision]));
      if (revision % 500 === 0) await settled();
    }
    expect((await heard).length).toBe(5_000);
    expect(pausing).not.toHaveBeenCalled();
    expect(askedOf(transport.stream)).toEqual(["create 0", "create 0", "cancel 1"]);
  });

  test("beyond the bound end the watch at the server; it continues when they are read, without loss", async () => {
    const { transport, watch } = await watching();
    for (let revision = 11; revision < 1_011; revision++) transport.stream.answer(changes(0, [revision]));
    expect(askedOf(transport.stream)).toEqual(["create 0", "cancel 0"]);
    // These were under way; they come again later.
    transport.stream.answer(changes(0, [1_011, 1_012]));
    transport.stream.answer(ended(0));
    expect(await revisionsOf(watch, 499)).toEqual(Array.from({ length: 499 }, (_, at) => at + 11));
    expect(askedOf(transport.stream).length).toBe(2);
    expect(await revisionsOf(watch, 1)).toEqual([510]);
    expect(askedOf(transport.stream)).toEqual(["create 0", "cancel 0", "create 1011"]);
    transport.stream.answer(created(3, 1_012));
    transport.stream.answer(changes(3, [1_011, 1_012]));
    expect((await revisionsOf(watch, 502)).slice(-3)).toEqual([1_010, 1_011, 1_012]);
  });

  test("are bounded in bytes, too", async () => {
    const { transport, watch } = await watching();
    const large = { ...changes(0, [11]), events: [{ type: 0, kv: pair("k", 11, "x".repeat(9 * 1024 * 1024)) }] };
    transport.stream.answer(large);
    expect(askedOf(transport.stream)).toEqual(["create 0"]);
    transport.stream.answer({ ...large, events: [{ type: 0, kv: pair("k", 12, "x".repeat(9 * 1024 * 1024)) }] });
    expect(askedOf(transport.stream)).toEqual(["create 0", "cancel 0"]);
    watch.cancel();
  });
});
