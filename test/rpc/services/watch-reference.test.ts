import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { GrpcCode } from "../../../src/base/index.js";
import {
  PutRequest,
  type TxnRequest,
  WatchCreateRequest,
  type WatchRequest,
  type WatchResponse,
} from "../../../src/wire/index.js";
import { TestClient } from "../../support/client.js";
import { haveReference } from "../../support/reference.js";
import { freshServer } from "../../support/server-here.js";
import { type ServerKind, ServerProcess } from "../../support/server-process.js";
import { showResponse } from "./watch-client.js";

/** A step of a test. `hear` waits for this number of further responses. */
type Step =
  | { readonly create: Partial<WatchCreateRequest>; readonly hear: number }
  | { readonly cancel: bigint; readonly hear: number }
  | { readonly progress: true; readonly hear: number }
  | { readonly nothing: true; readonly hear: number }
  | { readonly put: string; readonly value?: string; readonly hear: number }
  | { readonly putAll: readonly string[]; readonly value: string; readonly hear: number }
  | { readonly del: string; readonly hear: number }
  | { readonly compact: number };

const marker = 1_000_000n;

const scenarios: { readonly name: string; readonly steps: readonly Step[] }[] = [
  {
    name: "ids",
    steps: [
      { create: { key: "a" }, hear: 1 },
      { create: { key: "a", watchId: 2n }, hear: 1 },
      { create: { key: "a" }, hear: 1 },
      { create: { key: "a" }, hear: 1 },
      { create: { key: "a", watchId: 2n }, hear: 1 },
      { create: { key: "a", watchId: -5n }, hear: 1 },
      { cancel: 1n, hear: 1 },
      { create: { key: "a" }, hear: 1 },
      { create: { key: "b", watchId: 1n }, hear: 1 },
      { cancel: 77n, hear: 0 },
      { create: { key: "c", watchId: 2n ** 63n - 1n }, hear: 1 },
      { create: { key: "c", watchId: 2n ** 53n + 1n }, hear: 1 },
      { put: "c", hear: 2 },
      { cancel: 2n ** 53n + 1n, hear: 1 },
      { cancel: 1n, hear: 1 },
    ],
  },
  {
    name: "ranges and keys",
    steps: [
      { create: { key: "b", rangeEnd: "a" }, hear: 1 },
      { create: { key: "b", rangeEnd: "b" }, hear: 1 },
      { create: { key: "", watchId: 1n }, hear: 1 },
      { create: { key: "", rangeEnd: "\0", watchId: 2n }, hear: 1 },
      { create: { key: "k", rangeEnd: "\0", watchId: 3n }, hear: 1 },
      { put: "a", hear: 1 },
      { put: "\0", hear: 2 },
      { del: "a", hear: 1 },
      { cancel: 2n, hear: 1 },
      { put: "k", hear: 1 },
    ],
  },
  {
    name: "revisions",
    steps: [
      { put: "a", value: "1", hear: 0 },
      { put: "a", value: "2", hear: 0 },
      { del: "a", hear: 0 },
      { put: "a", value: "3", hear: 0 },
      { create: { key: "a", startRevision: -1 }, hear: 1 },
      { create: { key: "a", startRevision: 1 }, hear: 2 },
      { create: { key: "a", startRevision: 4, prevKv: true }, hear: 2 },
      { create: { key: "a", startRevision: 5 }, hear: 2 },
      { create: { key: "a", startRevision: 8 }, hear: 1 },
      { put: "a", value: "4", hear: 3 },
      { put: "a", value: "5", hear: 3 },
      { put: "a", value: "6", hear: 4 },
    ],
  },
  {
    name: "compaction",
    steps: [
      { put: "a", value: "1", hear: 0 },
      { put: "a", value: "2", hear: 0 },
      { del: "a", hear: 0 },
      { put: "a", value: "3", hear: 0 },
      { compact: 4 },
      { create: { key: "a", startRevision: 3 }, hear: 2 },
      { create: { key: "a", startRevision: 4, prevKv: true }, hear: 2 },
      { create: { key: "a", startRevision: 5, prevKv: true }, hear: 2 },
      { create: { key: "b", watchId: 0n, startRevision: 2 }, hear: 2 },
      { cancel: 0n, hear: 1 },
      { cancel: 0n, hear: 0 },
      { create: { key: "b", watchId: 3n }, hear: 1 },
    ],
  },
  {
    name: "filters and previous pairs",
    steps: [
      { put: "a", value: "1", hear: 0 },
      { put: "a", value: "2", hear: 0 },
      { del: "a", hear: 0 },
      { create: { key: "a", startRevision: 2, filters: [0] }, hear: 2 },
      { create: { key: "a", startRevision: 2, filters: [1] }, hear: 2 },
      { create: { key: "a", startRevision: 2, filters: [0, 1] }, hear: 1 },
      { create: { key: "a", startRevision: 2, prevKv: true }, hear: 2 },
      { put: "a", value: "3", hear: 2 },
      { put: "a", value: "4", hear: 2 },
      { del: "a", hear: 2 },
      { del: "a", hear: 0 },
    ],
  },
  {
    name: "progress on request",
    steps: [
      { progress: true, hear: 0 },
      { create: { key: "a" }, hear: 1 },
      { progress: true, hear: 1 },
      { put: "b", hear: 0 },
      { progress: true, hear: 1 },
      { create: { key: "a", startRevision: 9 }, hear: 1 },
      { progress: true, hear: 0 },
      { cancel: 1n, hear: 1 },
      { progress: true, hear: 1 },
      { cancel: 0n, hear: 1 },
      { progress: true, hear: 0 },
    ],
  },
  {
    name: "progress notices every half second",
    steps: [
      { create: { key: "a", progressNotify: true }, hear: 2 },
      { put: "b", hear: 1 },
    ],
  },
  {
    name: "large revisions",
    steps: [
      { create: { key: "a", rangeEnd: "b" }, hear: 1 },
      { create: { key: "a", rangeEnd: "b", fragment: true, prevKv: true }, hear: 1 },
      { putAll: ["a1", "a2", "a3", "a4", "a5"], value: "x".repeat(250_000), hear: 2 },
      { putAll: ["a5", "a4", "a3", "a2", "a1"], value: "y".repeat(250_000), hear: 3 },
      { create: { key: "a", rangeEnd: "b", fragment: true, startRevision: 2 }, hear: 3 },
    ],
  },
  {
    name: "empty requests",
    steps: [
      { nothing: true, hear: 0 },
      { create: { key: "a" }, hear: 1 },
    ],
  },
];

/** Plays a scenario on a new server. @returns the responses of its stream */
async function play(kind: ServerKind, steps: readonly Step[]): Promise<string[]> {
  const flags = ["--experimental-watch-progress-notify-interval=500ms"];
  const server = await freshServer(kind, flags);
  const client = new TestClient(server.endpoint);
  const call = client.stream("etcdserverpb.Watch", "Watch");
  const heard: string[] = [];
  let wake = (): void => undefined;
  call.on("data", (response: WatchResponse) => {
    const { memberId, clusterId, raftTerm } = response.header ?? {};
    heard.push(`${showResponse(response)} from ${memberId} ${clusterId} ${raftTerm}`);
    wake();
  });
  call.on("error", () => undefined);
  const until = async (count: number): Promise<void> => {
    while (heard.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  let expected = 0;
  try {
    for (const step of [...steps, { create: { key: "marker", watchId: marker }, hear: 1 }]) {
      await act(client, (message) => call.write(message), step);
      expected += "hear" in step ? step.hear : 0;
      await until(expected);
    }
    return heard;
  } finally {
    call.cancel();
    client.close();
    await server.stop();
  }
}

async function act(client: TestClient, send: (message: WatchRequest) => void, step: Step): Promise<void> {
  if ("create" in step) {
    send({ requestUnion: { case: "createRequest", value: WatchCreateRequest.create(step.create) } });
  } else if ("cancel" in step) send({ requestUnion: { case: "cancelRequest", value: { watchId: step.cancel } } });
  else if ("progress" in step) send({ requestUnion: { case: "progressRequest", value: {} } });
  else if ("nothing" in step) send({ requestUnion: undefined });
  else if ("put" in step) await client.unary("etcdserverpb.KV", "Put", put(step.put, step.value ?? ""));
  else if ("putAll" in step) await client.unary("etcdserverpb.KV", "Txn", putAll(step.putAll, step.value));
  else if ("del" in step) await client.unary("etcdserverpb.KV", "DeleteRange", { key: step.del });
  else await client.unary("etcdserverpb.KV", "Compact", { revision: step.compact, physical: true });
}

function put(key: string, value: string): PutRequest {
  return PutRequest.create({ key, value: Buffer.from(value) });
}

function putAll(keys: readonly string[], value: string): TxnRequest {
  const success = keys.map((key) => ({ request: { case: "requestPut" as const, value: put(key, value) } }));
  return { compare: [], success, failure: [] };
}

describe.runIf(haveReference(["etcd", "3.5"]))("a watch stream gives the responses of etcd 3.5:", () => {
  for (const { name, steps } of scenarios) {
    test.concurrent(name, async () => {
      const [ours, real] = await Promise.all([play("ours", steps), play("etcd 3.5", steps)]);
      expect(byWatch(ours)).toEqual(byWatch(real));
    });
  }
});

/** Sorts responses by watch, keeping their order within a watch. etcd notifies the watches of a key in any order. */
function byWatch(heard: readonly string[]): string[] {
  const id = (line: string): bigint => BigInt(line.slice(0, line.indexOf("@")));
  return heard.toSorted((left, right) => Number(id(left) - id(right)));
}

test("an open watch ends as unavailable when the server stops", async () => {
  const server = await ServerProcess.start({ kind: "ours" });
  const client = new TestClient(server.endpoint);
  const call = client.stream("etcdserverpb.Watch", "Watch");
  try {
    call.write({ requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key: "a" }) } });
    await once(call, "data");
    const [error] = await Promise.all([once(call, "error"), server.kill("SIGTERM")]);
    expect(error[0]).toMatchObject({ code: GrpcCode.Unavailable });
  } finally {
    client.close();
    await server.stop();
  }
});
