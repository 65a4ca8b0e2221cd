import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../src/base/index.js";
import { AttemptError, Client, type ClientOptions, GrpcCode } from "../../src/client/index.js";
import { startEtcd } from "../../src/embed/index.js";
import { type RangeRequest, RangeResponse } from "../../src/wire/index.js";
import { FakeTransport, nobody, settled } from "./support/fake-transport.js";
import { pair } from "./support/watch-server.js";

// Long ranges, page by page: over streams where servers have them, and over calls elsewhere.

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const keys = Array.from({ length: 10 }, (_, at) => `k${at}`);

function answerTo({ key, limit }: Pick<RangeRequest, "key" | "limit">, revision = 40) {
  const found = keys.filter((one) => one >= key);
  const kvs = found.slice(0, limit || found.length).map((one) => pair(one, 5));
  const header = { clusterId: 1n, memberId: 1n, revision, raftTerm: 1 };
  return RangeResponse.create({ header, kvs, count: found.length, more: kvs.length < found.length });
}

/** A client of a server that is the test, and the start of each Range call, with its revision. */
function reading(options: Partial<ClientOptions> = {}) {
  const [transport, clock] = [new FakeTransport(), new ManualClock()];
  const client = new Client({ transport, clock, tracing: false, ...options });
  open.push(client);
  const calls: string[] = [];
  transport.on("KV/Range", (request: RangeRequest) => {
    calls.push(`${request.key} at ${request.revision}`);
    return answerTo(request);
  });
  const pages = client.pages({ key: "k", rangeEnd: "l", pageKeys: 4 });
  return { transport, clock, client, calls, pages };
}

function chunk(from: number, to: number, last = false) {
  const { header, count } = answerTo({ key: keys[from] ?? "", limit: 0 });
  const kvs = keys.slice(from, to).map((key) => pair(key, 5));
  return { rangeResponse: RangeResponse.create({ kvs, ...(last && { header, count }) }) };
}

type Page = Awaited<ReturnType<Client["range"]>>;
const show = ({ kvs, more, count, header }: Page): string =>
  `${kvs.map(({ key }) => key).join(" ")}, more ${more}, count ${count}, at ${header?.revision}`;
const byPages = [
  "k0 k1 k2 k3, more true, count 10, at 40",
  "k4 k5 k6 k7, more true, count 6, at 40",
  "k8 k9, more false, count 2, at 40",
];

async function rest(pages: AsyncIterable<Page>): Promise<string[]> {
  const found: string[] = [];
  for await (const page of pages) found.push(show(page));
  return found;
}

describe("pages of a range", () => {
  test("come on one stream after the first, in the form of answers to calls", async () => {
    const { transport, calls, pages } = reading();
    expect(show((await pages.next()).value as Page)).toBe(byPages[0]);
    const others = rest(pages);
    await settled();
    expect(transport.stream.path).toBe("/etcdserverpb.KV/RangeStream");
    expect(transport.stream.sent).toEqual([expect.objectContaining({ key: "k3\0", rangeEnd: "l", revision: 40 })]);
    transport.stream.answer(chunk(4, 8));
    transport.stream.answer(chunk(8, 10, true));
    transport.stream.end();
    expect(await others).toEqual(byPages.slice(1));
    expect(calls).toEqual(["k at 0"]);
  });

  test("have no more keys than was asked for, whatever the server sends", async () => {
    const { transport, pages } = reading();
    await pages.next();
    const others = rest(pages);
    await settled();
    transport.stream.answer(chunk(4, 10, true));
    expect(await others).toEqual(byPages.slice(1));
    expect(transport.open).toEqual([]);
  });

  test("come by calls from servers without the stream, which are asked for one once", async () => {
    const { transport, client, calls, pages } = reading();
    transport.refusing = new AttemptError(GrpcCode.Unimplemented, "unknown method RangeStream", "fake:1", false);
    expect(await rest(pages)).toEqual(byPages);
    expect(await rest(client.pages({ key: "k", rangeEnd: "l", pageKeys: 4 }))).toEqual(byPages);
    expect(calls).toEqual(["k at 0", "k3\0 at 40", "k7\0 at 40", "k at 0", "k3\0 at 40", "k7\0 at 40"]);
    expect(transport.streams.length).toBe(1);
  });

  test("go on by a call after a lost stream, and then on another stream", async () => {
    const { transport, calls, client } = reading();
    const others = rest(client.pages({ key: "k", rangeEnd: "l", pageKeys: 2 }));
    await settled();
    transport.stream.answer(chunk(2, 4));
    await settled();
    transport.stream.lose(nobody());
    await settled();
    expect(calls).toEqual(["k at 0", "k3\0 at 40"]);
    expect(transport.stream.sent).toEqual([expect.objectContaining({ key: "k5\0", revision: 40 })]);
    transport.stream.answer(chunk(6, 10, true));
    expect((await others).map((line) => line.split(",")[0])).toEqual(["k0 k1", "k2 k3", "k4 k5", "k6 k7", "k8 k9"]);
  });

  test("with bounds on revisions come by calls, since a stream takes none", async () => {
    const { transport, client } = reading();
    const bounded = client.pages({ key: "k", rangeEnd: "l", pageKeys: 4, minModRevision: 3 });
    expect(await rest(bounded)).toEqual(byPages);
    expect(transport.streams).toEqual([]);
  });

  test("end with the error of a compaction, and with that of a page that takes too long", async () => {
    for (const { error, act } of [
      {
        error: "required revision has been compacted",
        act: ({ transport }: ReturnType<typeof reading>) => {
          const text = "etcdserver: mvcc: required revision has been compacted";
          transport.stream.lose(new AttemptError(GrpcCode.OutOfRange, text, "fake:1", false));
        },
      },
      { error: "deadline exceeded", act: ({ clock }: ReturnType<typeof reading>) => clock.advance(1_000) },
    ]) {
      const started = reading({ callTimeoutMs: 1_000 });
      await started.pages.next();
      const others = rest(started.pages).catch((reason: Error) => reason.message);
      await settled();
      act(started);
      expect(await others).toContain(error);
      expect(started.transport.open).toEqual([]);
    }
  });

  test("end their stream when the loop is left", async () => {
    const { transport, pages } = reading();
    await pages.next();
    const next = pages.next();
    await settled();
    transport.stream.answer(chunk(4, 6));
    await next;
    await pages.return();
    expect(transport.open).toEqual([]);
  });
});

for (const apiLevel of ["3.5", "3.7"] as const) {
  test(`a member of level ${apiLevel} gives pages, entries and views of a namespace`, async () => {
    await using etcd = await startEtcd({ listen: false, apiLevel });
    const client = etcd.client().namespace("in/");
    const total = 2_500;
    for (let from = 0; from < total; from += 100) {
      const names = Array.from({ length: 100 }, (_, at) => `k/${String(from + at).padStart(4, "0")}`);
      await Promise.all(names.map((name) => client.text.put(name, name)));
    }
    await etcd.client().text.put("in0", "outside");
    const found: string[] = [];
    for await (const { key, value } of client.text.entries("k/")) {
      expect(value).toBe(key);
      found.push(key);
    }
    expect(found).toEqual(Array.from({ length: total }, (_, at) => `k/${String(at).padStart(4, "0")}`));
    await using view = await client.text.view("k/");
    expect(view.size).toBe(total);
    await client.text.put("k/new", "1");
    expect((await view.fresh()).get("k/new")).toBe("1");
    if (apiLevel === "3.5") return;
    let count = 0;
    for await (const { kvs } of client.rangeStream({ key: "k/", rangeEnd: "k0" })) count += kvs.length;
    expect(count).toBe(total + 1);
  });
}
