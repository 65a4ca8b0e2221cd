import { afterEach, expect, test } from "vitest";
import { apiLevels, GrpcCode, seededRandom, silentLogger } from "../../../src/base/index.js";
import { startEtcd } from "../../../src/embed/index.js";
import { clientBindings, Gate, type MessageInPieces, type ServerStream, statusOf } from "../../../src/rpc/index.js";
import type { Call, ServerConfig } from "../../../src/server/index.js";
import {
  AuthEnableRequest,
  AuthenticateRequest,
  AuthUserAddRequest,
  AuthUserGrantRoleRequest,
  CompactionRequest,
  PutRequest,
  RangeRequest,
  RangeResponse,
  RangeStreamResponse,
  services,
} from "../../../src/wire/index.js";
import { Host, patient, turns } from "../../server/member.js";
import { TestClient } from "../../support/client.js";

let hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts) await host.dispose();
  hosts = [];
});

async function started(overrides: Partial<ServerConfig> = {}): Promise<Host> {
  const host = new Host({ bcryptCost: 4, ...overrides });
  hosts.push(host);
  await host.start();
  return host;
}

/** The client of a stream: it takes messages at once, or one after each `take`. */
class Reader implements ServerStream<Uint8Array, Uint8Array> {
  readonly call: Call;
  readonly messages: Buffer[] = [];
  readonly #request: Partial<RangeRequest> | undefined;
  readonly #slow: boolean;
  #wake: () => void = () => undefined;

  constructor(request: Partial<RangeRequest> | undefined, { call = patient, slow = false } = {}) {
    this.#request = request;
    this.call = call;
    this.#slow = slow;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#request !== undefined) yield RangeRequest.encode(RangeRequest.create(this.#request));
  }

  write(message: Uint8Array): boolean {
    this.messages.push(Buffer.from(message));
    return !this.#slow;
  }

  writePieces({ length, pieces }: MessageInPieces): boolean {
    const message = Buffer.concat(pieces);
    expect(message.length).toBe(length);
    return this.write(message);
  }

  drained(): Promise<void> {
    return this.#slow ? new Promise((resolve) => (this.#wake = resolve)) : Promise.resolve();
  }

  take(): void {
    this.#wake();
  }

  end(): void {}

  get answers(): RangeResponse[] {
    return this.messages.map((message) => {
      const { rangeResponse } = RangeStreamResponse.decode(message);
      if (rangeResponse === undefined) throw new Error("a message without a response");
      return rangeResponse;
    });
  }
}

const { path } = services["etcdserverpb.KV"].RangeStream;

/** Runs the handler. @returns how the call ends */
async function run({ server, clock }: Host, reader: Reader): Promise<{ code: number; details: string }> {
  const binding = clientBindings(server, clock, seededRandom(1)).find((one) => one.path === path);
  if (binding?.kind !== "stream") throw new Error("RangeStream is not bound");
  return await binding.run(reader).then(
    () => ({ code: GrpcCode.Ok, details: "" }),
    (error: unknown) => statusOf(error, path, silentLogger),
  );
}

async function fill({ server }: Host, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const key = `k${String(at).padStart(3, "0")}`;
    await server.kv.put(PutRequest.create({ key, value: Buffer.from(`v${at}`) }), patient);
  }
}

const unimplemented = GrpcCode.Unimplemented;
for (const { row, ask, code, details } of [
  { row: "empty key", ask: { key: "" }, code: GrpcCode.InvalidArgument, details: "etcdserver: key is not provided" },
  {
    row: "unknown sort_order number",
    ask: { sortOrder: 7 },
    code: GrpcCode.InvalidArgument,
    details: "etcdserver: invalid sort option",
  },
  {
    row: "unknown sort_target number",
    ask: { sortTarget: 9 },
    code: GrpcCode.InvalidArgument,
    details: "etcdserver: invalid sort option",
  },
  ...[
    { row: "sort_order DESCEND", ask: { sortOrder: 2 } },
    { row: "ASCEND with a target other than KEY", ask: { sortOrder: 1, sortTarget: 3 } },
    { row: "NONE with a target other than KEY, which etcd answers with keys twice", ask: { sortTarget: 1 } },
  ].map((each) => ({ ...each, code: unimplemented, details: "RangeStream does not support custom sort orders" })),
  ...(["minModRevision", "maxModRevision", "minCreateRevision", "maxCreateRevision"] as const).map((field) => ({
    row: `${field} non-zero`,
    ask: { [field]: 1 },
    code: unimplemented,
    details: "RangeStream does not support revision filters",
  })),
  {
    row: "future revision",
    ask: { revision: 1_000 },
    code: GrpcCode.OutOfRange,
    details: "etcdserver: mvcc: required revision is a future revision",
  },
  {
    row: "compacted revision",
    ask: { revision: 1 },
    code: GrpcCode.OutOfRange,
    details: "etcdserver: mvcc: required revision has been compacted",
  },
  { row: "ASCEND with target KEY is allowed", ask: { sortOrder: 1 }, code: GrpcCode.Ok, details: "" },
] as { row: string; ask: Partial<RangeRequest>; code: number; details: string }[]) {
  test(`RangeStream, refused before anything is sent: ${row}`, async () => {
    const host = await started();
    await fill(host, 3);
    await host.server.kv.compact(CompactionRequest.create({ revision: 3 }), patient);
    const reader = new Reader({ key: "k", rangeEnd: "l", ...ask });
    expect(await run(host, reader)).toEqual({ code, details });
    expect(reader.messages.length).toBe(code === GrpcCode.Ok ? 1 : 0);
  });
}

test("RangeStream: header, more and count are in the last message, and the merge is the answer of Range", async () => {
  const host = await started();
  await fill(host, 45);
  for (const ask of [{}, { limit: 33 }, { revision: 20 }, { keysOnly: true }, { countOnly: true }, { key: "x" }]) {
    const request = { key: "k", rangeEnd: "l", ...ask };
    const reader = new Reader(request);
    expect(await run(host, reader)).toEqual({ code: GrpcCode.Ok, details: "" });
    const before = reader.answers.slice(0, -1);
    expect(before.map(({ header, more, count }) => ({ header, more, count }))).toEqual(
      before.map(() => ({ header: undefined, more: false, count: 0 })),
    );
    const merged = RangeStreamResponse.decode(Buffer.concat(reader.messages)).rangeResponse;
    const answer = await host.server.kv.range(RangeRequest.create(request), patient);
    expect(merged).toEqual(RangeResponse.decode(RangeResponse.encode(answer)));
  }
});

test("RangeStream: a slow client gets the next chunk when it has taken the one before", async () => {
  const host = await started();
  await fill(host, 45);
  const reader = new Reader({ key: "k", rangeEnd: "l" }, { slow: true });
  const ended = run(host, reader);
  const counts: number[] = [];
  for (let taken = 0; taken < 3; taken++) {
    await host.until(() => reader.messages.length > taken);
    await turns(5);
    counts.push(reader.messages.length);
    reader.take();
  }
  expect([counts, (await ended).code]).toEqual([[1, 2, 3], GrpcCode.Ok]);
});

test("RangeStream: a compaction during the stream ends it after the chunks that were sent", async () => {
  const host = await started();
  await fill(host, 45);
  const reader = new Reader({ key: "k", rangeEnd: "l" }, { slow: true });
  const ended = run(host, reader);
  await host.until(() => reader.messages.length === 1);
  await fill(host, 1);
  await host.server.kv.compact(CompactionRequest.create({ revision: 47, physical: true }), patient);
  reader.take();
  expect(await ended).toEqual({
    code: GrpcCode.OutOfRange,
    details: "etcdserver: mvcc: required revision has been compacted",
  });
  expect(reader.messages.length).toBe(1);
});

test("RangeStream: no permission and no token are refused, and a change of users ends a stream", async () => {
  const host = await started();
  await fill(host, 45);
  const { auth } = host.server;
  for (const name of ["root", "alice"]) {
    await auth.userAdd(AuthUserAddRequest.create({ name, password: name }), patient);
  }
  await auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: "root", role: "root" }), patient);
  await auth.enable(AuthEnableRequest.create(), patient);
  const as = async (name: string): Promise<Call> => {
    const { token } = await auth.authenticate(AuthenticateRequest.create({ name, password: name }), patient);
    return { ...patient, metadata: (field) => (field === "token" ? token : undefined) };
  };
  const ask = { key: "k", rangeEnd: "l" };
  expect(await run(host, new Reader(ask))).toEqual({
    code: GrpcCode.InvalidArgument,
    details: "etcdserver: user name is empty",
  });
  expect(await run(host, new Reader(ask, { call: await as("alice") }))).toEqual({
    code: GrpcCode.PermissionDenied,
    details: "etcdserver: permission denied",
  });
  const root = await as("root");
  const reader = new Reader(ask, { call: root, slow: true });
  const ended = run(host, reader);
  await host.until(() => reader.messages.length === 1);
  await auth.userAdd(AuthUserAddRequest.create({ name: "bob", password: "bob" }), root);
  reader.take();
  expect(await ended).toEqual({
    code: GrpcCode.InvalidArgument,
    details: "etcdserver: revision of auth store is old",
  });
});

test("RangeStream: a learner serves none", async () => {
  const view = { clusterVersion: () => "3.7.0", isLearner: () => true, leadership: { hasLeader: true } };
  const host = await started();
  const binding = clientBindings(host.server, host.clock, seededRandom(1)).find((one) => one.path === path);
  if (binding === undefined) throw new Error("RangeStream is not bound");
  expect(() => new Gate(view, "3.7").admit(patient, binding)).toThrow("etcdserver: rpc not supported for learner");
});

test("RangeStream: a client that sends no request gets grpc-go's error", async () => {
  expect(await run(await started(), new Reader(undefined))).toEqual({ code: GrpcCode.Unknown, details: "EOF" });
});

test("RangeStream: each chunk is counted in the durations of ranges", async () => {
  const host = await started();
  await fill(host, 45);
  const { rangeSeconds } = host.server.metrics.counters;
  const before = rangeSeconds.success.count;
  await run(host, new Reader({ key: "k", rangeEnd: "l" }));
  await run(host, new Reader({ key: "k", rangeEnd: "l", revision: 1_000 }));
  expect([rangeSeconds.success.count - before, rangeSeconds.failure.count]).toEqual([3, 1]);
});

for (const apiLevel of apiLevels) {
  const known = apiLevel === "3.7";
  test(`RangeStream: level ${apiLevel} ${known ? "has" : "does not know"} it`, async () => {
    const etcd = await startEtcd({ apiLevel });
    const client = new TestClient(new URL(etcd.endpoints[0] ?? "").host);
    try {
      const stream = client.stream("etcdserverpb.KV", "RangeStream");
      stream.on("error", () => undefined).on("data", () => undefined);
      const status = new Promise((resolve) => stream.once("status", resolve));
      stream.end(RangeRequest.create({ key: "a" }));
      expect(await status).toMatchObject(
        known
          ? { code: GrpcCode.Ok }
          : { code: unimplemented, details: "unknown method RangeStream for service etcdserverpb.KV" },
      );
    } finally {
      client.close();
      await etcd.stop();
    }
  });
}
