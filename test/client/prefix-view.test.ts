import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../src/base/index.js";
import { AttemptError, Client, GrpcCode } from "../../src/client/index.js";
import { RangeResponse } from "../../src/wire/index.js";
import { FakeTransport, nobody, settled } from "./support/fake-transport.js";
import { askedOf, changes, created, ended, pair, progress } from "./support/watch-server.js";

// Views over a transport whose server is the test.

const open: Client[] = [];

afterEach(() => {
  for (const client of open.splice(0)) client.close();
});

/** A view of the prefix "k" that listed `k/a` at revision 10, and watches. */
async function viewing() {
  const [transport, clock] = [new FakeTransport(), new ManualClock()];
  const client = new Client({ transport, clock, tracing: false });
  open.push(client);
  const state = { revision: 10, kvs: [pair("k/a", 5)], broken: undefined as AttemptError | undefined };
  transport.on("KV/Range", () => {
    if (state.broken !== undefined) throw state.broken;
    const header = { clusterId: 1n, memberId: 1n, revision: state.revision, raftTerm: 1 };
    return RangeResponse.create({ header, kvs: state.kvs, count: state.kvs.length });
  });
  const opening = client.text.view("k/");
  await settled();
  transport.stream.answer(created(0, 10));
  const view = await opening;
  const heard: string[] = [];
  view.onChange(({ type, key, revision }) => heard.push(`${type} ${key} ${revision}`));
  return { transport, clock, state, view, heard };
}

describe("a view", () => {
  test("watches from the revision after its list", async () => {
    const { transport, view, heard } = await viewing();
    expect(askedOf(transport.stream)).toEqual(["create 11"]);
    transport.stream.answer(changes(0, [11], "k/b"));
    await settled();
    expect([view.get("k/a"), view.get("k/b"), view.revision]).toEqual(["5", "11", 11]);
    expect(heard).toEqual(["put k/b 11"]);
  });

  test("stays as it is while its stream is lost, and goes on after its last event", async () => {
    const { transport, clock, view } = await viewing();
    transport.stream.answer(changes(0, [11], "k/b"));
    transport.stream.lose();
    await settled();
    expect(view.get("k/b")).toBe("11");
    clock.advance(50);
    await settled();
    expect(askedOf(transport.stream)).toEqual(["create 12"]);
  });

  test("is filled again after a compaction, and listeners hear the difference", async () => {
    const { transport, clock, state, view, heard } = await viewing();
    state.broken = nobody();
    transport.stream.answer(ended(0, { compactRevision: 40 }));
    await settled();
    expect(view.get("k/a")).toBe("5");
    state.broken = undefined;
    Object.assign(state, { revision: 50, kvs: [pair("k/b", 30), pair("k/c", 45)] });
    clock.advance(1_000);
    await settled();
    expect(askedOf(transport.stream).at(-1)).toBe("create 51");
    transport.stream.answer(created(1, 50));
    await settled();
    expect([...view].map(({ key }) => key)).toEqual(["k/b", "k/c"]);
    expect(heard).toEqual(["delete k/a 50", "put k/b 30", "put k/c 45"]);
  });

  test("is fresh when it has heard of the cluster's revision, and asks until it has", async () => {
    const { transport, clock, state, view } = await viewing();
    state.revision = 20;
    let fresh = false;
    const waiting = view.fresh().then(() => {
      fresh = true;
    });
    await settled();
    clock.advance(0);
    transport.stream.answer(progress(-1, 19));
    await settled();
    expect(fresh).toBe(false);
    clock.advance(100);
    expect(askedOf(transport.stream).filter((asked) => asked === "progress").length).toBe(2);
    transport.stream.answer(progress(-1, 20));
    await waiting;
    expect(view.revision).toBe(20);
  });

  test("stops being fresh() at a time limit, and at its end", async () => {
    const { clock, state, view } = await viewing();
    state.revision = 20;
    const late = view.fresh({ timeoutMs: 1_000 }).catch((error: unknown) => error);
    const closed = view.fresh().catch((error: unknown) => error);
    await settled();
    clock.advance(1_000);
    expect(await late).toMatchObject({ code: GrpcCode.DeadlineExceeded });
    view.close();
    expect(await closed).toMatchObject({ code: GrpcCode.Canceled });
  });

  test("ends with the error of its watch, and does not show old entries after that", async () => {
    const { transport, view } = await viewing();
    transport.stream.lose(new AttemptError(GrpcCode.PermissionDenied, "etcdserver: permission denied", "", false));
    await view.ended;
    expect(() => view.get("k/a")).toThrow("etcdserver: permission denied");
  });
});
