import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { call, stream } from "../../src/console/api/call.js";
import { connection, connectionLost, connectionWorks, probeNow, probeWith } from "../../src/console/api/connection.js";
import { range } from "../../src/console/api/kv.js";
import { logIn, meetMember } from "../../src/console/api/login.js";
import { refusalKind } from "../../src/console/api/result.js";
import { isRoot, loggedIn, logOut, session } from "../../src/console/api/session.js";
import { watch } from "../../src/console/api/watch.js";

interface Asked {
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

let asked: Asked[] = [];
let answers: (() => Response | Promise<Response>)[] = [];

/** Answers the next requests in turn. A request too many is one to a member that does not answer. */
function answerWith(...next: (() => Response | Promise<Response>)[]): void {
  answers = next;
}

const json =
  (body: unknown, status = 200) =>
  (): Response =>
    Response.json(body, { status });
const lines =
  (...messages: readonly unknown[]) =>
  (): Response =>
    new Response(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
const nothing = (): Promise<Response> => Promise.reject(new TypeError("Failed to fetch"));

beforeEach(() => {
  asked = [];
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async (path: string, init: { readonly body: string; readonly headers: Asked["headers"] }) => {
    asked.push({ path, body: JSON.parse(init.body), headers: init.headers });
    return (answers.shift() ?? nothing)();
  });
  // A version of Node that has websockets would open real ones.
  vi.stubGlobal("WebSocket", undefined);
  session.set({ asking: false });
  connectionWorks();
});

afterEach(() => {
  connectionWorks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a call", () => {
  test("posts JSON, and answers with names in camelCase", async () => {
    answerWith(
      json({ header: { revision: "7" }, kvs: [{ key: "/w==", mod_revision: "5", version: "1" }], count: "1" }),
    );
    const answer = await range({ key: "\xff", limit: 1 });
    expect(asked[0]).toMatchObject({ path: "/v3/kv/range", body: { key: "/w==", limit: 1 } });
    expect(answer).toMatchObject({
      ok: true,
      value: { revision: 7, kvs: [{ key: "\xff", modRevision: 5, lease: "0" }] },
    });
  });

  test("sends the token, and says when a person has confirmed a change", async () => {
    loggedIn("ada", "secret");
    answerWith(json({}), json({}));
    await call("kv/txn", {}, { write: true });
    await call("kv/range", {});
    expect(asked.map(({ headers }) => [headers.authorization, headers["x-etcd-console"]])).toEqual([
      ["secret", "1"],
      ["secret", undefined],
    ]);
  });

  test("that is refused is a value, not an error", async () => {
    answerWith(
      json({ error: "etcdserver: permission denied", code: 7, message: "etcdserver: permission denied" }, 403),
    );
    expect(await call("kv/range", {})).toEqual({
      ok: false,
      error: { kind: "denied", code: 7, message: "etcdserver: permission denied" },
    });
  });

  test("that gets no answer means that the member is not reached", async () => {
    answerWith(nothing);
    expect(await call("kv/range", {})).toMatchObject({ ok: false, error: { kind: "offline" } });
    expect(connection.get().reached).toBe(false);
  });

  test("that the page gave up says so", async () => {
    answerWith(nothing);
    expect(await call("kv/range", {}, { signal: AbortSignal.abort() })).toMatchObject({ error: { kind: "aborted" } });
    expect(connection.get().reached).toBe(true);
  });

  for (const { code, message, kind } of [
    { code: 16, message: "etcdserver: invalid auth token", kind: "login" },
    { code: 3, message: "etcdserver: user name is empty", kind: "login" },
    { code: 3, message: "etcdserver: revision of auth store is old", kind: "login" },
    { code: 7, message: "etcdserver: permission denied", kind: "denied" },
    { code: 14, message: "etcdserver: no leader", kind: "no-leader" },
    { code: 5, message: "Not Found", kind: "missing" },
    { code: 5, message: "etcdserver: requested lease not found", kind: "refused" },
    { code: 11, message: "etcdserver: mvcc: required revision has been compacted", kind: "refused" },
  ]) {
    test(`refused with "${message}" is of the kind ${kind}`, () => expect(refusalKind(code, message)).toBe(kind));
  }
});

describe("a login", () => {
  const info = { version: "3.7.0", auth_enabled: true, member_id: "9" };

  test("is asked for when the member has authentication on", async () => {
    answerWith(json(info));
    await meetMember();
    expect(session.get()).toMatchObject({ asking: true, info: { authEnabled: true, memberId: "9", separator: "/" } });
  });

  test("keeps the token, and forgets it at the end", async () => {
    answerWith(json(info), json({ token: "secret" }));
    await meetMember();
    expect(await logIn("ada", "pw")).toMatchObject({ ok: true });
    expect(session.get()).toMatchObject({ user: "ada", token: "secret", asking: false });
    logOut();
    expect(session.get()).toMatchObject({ asking: true });
    expect(session.get().token).toBeUndefined();
  });

  test("that is refused leaves the page asking", async () => {
    answerWith(json(info), json({ code: 3, message: "authentication failed" }, 400));
    await meetMember();
    expect(await logIn("ada", "wrong")).toMatchObject({ ok: false, error: { message: "authentication failed" } });
    expect(session.get().asking).toBe(true);
  });

  test("is needed no more when authentication was turned off meanwhile", async () => {
    answerWith(
      json(info),
      json({ code: 9, message: "etcdserver: authentication is not enabled" }, 400),
      json({ ...info, auth_enabled: false }),
    );
    await meetMember();
    expect(await logIn("ada", "pw")).toMatchObject({ ok: false });
    expect(session.get()).toMatchObject({ asking: false, info: { authEnabled: false } });
  });

  test("makes only root see everything, though authentication was turned on later", async () => {
    answerWith(
      json({ ...info, auth_enabled: false }),
      json({ code: 3, message: "etcdserver: user name is empty" }, 400),
      json({ token: "secret" }),
    );
    await meetMember();
    expect(isRoot(session.get())).toBe(true);
    await call("kv/range", {});
    expect(session.get().asking).toBe(true);
    await logIn("ada", "pw");
    expect(isRoot(session.get())).toBe(false);
    expect(session.get()).toMatchObject({ user: "ada", info: { authEnabled: true } });
  });

  test("is asked for again when the token is refused, but not for a token that was replaced", async () => {
    const refused = json({ code: 16, message: "etcdserver: invalid auth token" }, 401);
    loggedIn("ada", "old");
    answerWith(() => {
      loggedIn("ada", "new");
      return refused();
    }, refused);
    await call("kv/range", {});
    expect(session.get()).toMatchObject({ token: "new", asking: false });
    await call("kv/range", {});
    expect(session.get()).toEqual({ asking: true, user: "ada", reason: "The login of ada is no longer valid." });
  });
});

describe("a lost connection", () => {
  test("is tried again at growing distances, until the member answers", async () => {
    const generation = connection.get().generation;
    let probes = 0;
    probeWith(async () => ++probes === 4);
    connectionLost();
    connectionLost();
    await vi.advanceTimersByTimeAsync(500);
    expect(probes).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000 + 2_000);
    expect(probes).toBe(3);
    expect(connection.get().reached).toBe(false);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(connection.get()).toMatchObject({ reached: true, generation: generation + 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(probes).toBe(4);
  });

  test("is tried once at a time, however often somebody asks for it", async () => {
    let probes = 0;
    probeWith(async () => {
      probes++;
      return false;
    });
    connectionLost();
    for (let clicks = 0; clicks < 5; clicks++) probeNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(probes).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(probes).toBeLessThan(10);
  });

  test("is tried at once when somebody asks for it", async () => {
    probeWith(async () => true);
    connectionLost();
    probeNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(connection.get().reached).toBe(true);
  });
});

describe("a watch", () => {
  const created = (revision: number) => ({ result: { header: { revision: String(revision) }, created: true } });
  const put = (revision: number) => ({
    result: {
      header: { revision: String(revision) },
      events: [{ kv: { key: "aw==", value: "dg==", mod_revision: String(revision), version: "1" } }],
    },
  });
  const starts = (): unknown[] =>
    asked.map(({ body }) => (body as { create_request: { start_revision: number } }).create_request.start_revision);

  /** Runs a watch until all answers are used, and tells what it heard. */
  async function heard(query: { readonly startRevision?: number }) {
    const told: string[] = [];
    const stop = new AbortController();
    answers.push(() => {
      stop.abort();
      return nothing();
    });
    probeWith(async () => true);
    const ended = watch(
      { key: "k", ...query },
      {
        created: (revision) => told.push(`created at ${revision}`),
        events: (events) => told.push(...events.map(({ type, kv }) => `${type} ${kv.modRevision}`)),
        compacted: (revision) => told.push(`compacted at ${revision}`),
      },
      stop.signal,
    );
    await vi.advanceTimersByTimeAsync(60_000);
    return { told, result: await ended };
  }

  test("goes on behind the last event after a lost connection", async () => {
    answerWith(lines(created(4), put(5), put(6)), nothing, lines(created(8), put(7)));
    const { told, result } = await heard({});
    expect(told).toEqual(["created at 4", "put 5", "put 6", "created at 8", "put 7"]);
    expect(starts()).toEqual([0, 7, 7, 8]);
    expect(result.ok).toBe(true);
  });

  test("without an event goes on from where it was created", async () => {
    answerWith(lines(created(4)), lines(created(9), put(6)));
    expect((await heard({})).told).toEqual(["created at 4", "created at 9", "put 6"]);
    expect(starts()).toEqual([0, 5, 7]);
  });

  test("of compacted revisions goes on behind the compaction", async () => {
    answerWith(lines({ result: { canceled: true, compact_revision: "5" } }), lines(created(9), put(6)));
    expect((await heard({ startRevision: 2 })).told).toEqual(["compacted at 5", "created at 9", "put 6"]);
    expect(starts()).toEqual([2, 5, 7]);
  });

  test("ends when the server refuses it", async () => {
    answerWith(lines({ result: { created: true, canceled: true, cancel_reason: "permission denied" } }));
    expect((await heard({})).result).toMatchObject({ ok: false, error: { message: "permission denied" } });
    expect(asked).toHaveLength(1);
  });

  test("tells a deletion from a put", async () => {
    const deletion = { result: { header: {}, events: [{ type: "DELETE", kv: { key: "aw==", mod_revision: "5" } }] } };
    answerWith(lines(created(4), deletion));
    expect((await heard({})).told).toEqual(["created at 4", "delete 5"]);
  });
});

test("a stream ends with the error that the server sends in it", async () => {
  answerWith(lines({ result: { n: 1 } }, { error: { grpc_code: 14, message: "etcdserver: no leader" } }));
  const messages: unknown[] = [];
  const ended = await stream("watch", {}, (message) => messages.push(message), new AbortController().signal);
  expect(messages).toEqual([{ n: 1 }]);
  expect(ended).toMatchObject({ ok: false, error: { kind: "no-leader" } });
});

describe("a stream over a websocket", () => {
  let sockets: Socket[] = [];

  class Socket {
    readonly url: URL;
    readonly protocols: readonly string[];
    readonly sent: unknown[] = [];
    onopen = (): void => undefined;
    onmessage = (_: { readonly data: string }): void => undefined;
    onclose = (): void => undefined;

    constructor(url: URL, protocols: readonly string[] = []) {
      this.url = url;
      this.protocols = protocols;
      sockets.push(this);
    }

    send(text: string): void {
      this.sent.push(JSON.parse(text));
    }

    close(): void {
      this.onclose();
    }
  }

  beforeEach(() => {
    sockets = [];
    vi.stubGlobal("WebSocket", Socket);
    vi.stubGlobal("location", new URL("https://etcd.example:2379/console/"));
  });

  const begin = () => {
    const messages: unknown[] = [];
    const stop = new AbortController();
    const ended = stream("watch", { create_request: {} }, (message) => messages.push(message), stop.signal);
    return { messages, stop, ended, socket: sockets[0] };
  };

  test("sends its request when it is open, with the token as a protocol", async () => {
    loggedIn("ada", "secret");
    const { socket, messages, ended } = begin();
    expect(socket?.url.href).toBe("wss://etcd.example:2379/v3/watch");
    expect(socket?.protocols).toEqual(["Bearer", "secret"]);
    socket?.onopen();
    expect(socket?.sent).toEqual([{ create_request: {} }]);
    socket?.onmessage({ data: '{"result":{"compact_revision":"5"}}' });
    expect(messages).toEqual([{ compactRevision: "5" }]);
    socket?.close();
    expect(await ended).toMatchObject({ ok: false, error: { kind: "offline" } });
    expect(asked).toEqual([]);
  });

  test("is a request where no websocket gets through", async () => {
    const { socket, messages, ended } = begin();
    answerWith(lines({ result: { n: 1 } }));
    socket?.close();
    await ended;
    expect(messages).toEqual([{ n: 1 }]);
    expect(asked).toHaveLength(1);
  });

  test("ends with the error that the server sends in it", async () => {
    const { socket, ended } = begin();
    socket?.onopen();
    socket?.onmessage({ data: '{"error":{"code":16,"message":"etcdserver: invalid auth token"}}' });
    expect(await ended).toMatchObject({ ok: false, error: { kind: "login" } });
  });

  test("is closed when nobody needs it any more", async () => {
    const { socket, messages, stop, ended } = begin();
    socket?.onopen();
    stop.abort();
    socket?.onmessage({ data: '{"result":{}}' });
    expect(await ended).toMatchObject({ ok: false, error: { kind: "aborted" } });
    expect(messages).toEqual([]);
  });
});
