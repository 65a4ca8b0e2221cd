import { expect, test } from "vitest";
import { EtcdError, type LeaseId, ManualClock, silentLogger } from "../../../src/base/index.js";
import { wholeOf } from "../../../src/rpc/grpc/answer.js";
import type { Binding } from "../../../src/rpc/grpc/binding.js";
import type { ServerStream } from "../../../src/rpc/grpc/stream.js";
import { clusterBindings } from "../../../src/rpc/services/cluster.js";
import { healthBindings } from "../../../src/rpc/services/health.js";
import { type KvServer, kvBindings } from "../../../src/rpc/services/kv.js";
import { LeaderGuard } from "../../../src/rpc/services/leader-guard.js";
import { type LeaseServer, leaseBindings } from "../../../src/rpc/services/lease.js";
import { maintenanceBindings } from "../../../src/rpc/services/maintenance.js";
import { type Call, Serving } from "../../../src/server/index.js";
import {
  DeleteRangeRequest,
  HashKVRequest,
  healthpb,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
  MemberListRequest,
  PutRequest,
  RangeRequest,
  ResponseHeader,
  StatusResponse,
} from "../../../src/wire/index.js";

const quiet: Call = { cancelled: false, signal: new AbortController().signal, metadata: () => undefined };

function unaryOf(bindings: readonly Binding[], path: string): (request: Uint8Array) => Promise<Uint8Array> {
  const binding = bindings.find((one) => one.path === path);
  if (binding?.kind !== "unary") throw new Error(`${path} is not bound`);
  return async (request) => wholeOf(await binding.run(request, quiet));
}

type Asked = [method: string, request: unknown][];

/** A method that records its request and refuses it. */
function refusing(asked: Asked, method: string): (request?: unknown) => Promise<never> {
  return (request) => {
    asked.push([method, request]);
    return Promise.reject(new EtcdError("tooManyRequests"));
  };
}

function kvServer(asked: Asked): KvServer {
  return {
    kv: {
      answerRange: refusing(asked, "range"),
      streamRange: refusing(asked, "rangeStream"),
      put: refusing(asked, "put"),
      deleteRange: refusing(asked, "deleteRange"),
      answerTxn: refusing(asked, "txn"),
      compact: refusing(asked, "compact"),
    },
    headers: { at: () => ResponseHeader.create() },
  };
}

const kv = "/etcdserverpb.KV/";
const clock = new ManualClock();

for (const { path, bytes, want } of [
  { path: "Range", bytes: RangeRequest.encode(RangeRequest.create({ key: "a", limit: 3 })), want: "range" },
  { path: "Put", bytes: PutRequest.encode(PutRequest.create({ key: "a" })), want: "put" },
  {
    path: "DeleteRange",
    bytes: DeleteRangeRequest.encode(DeleteRangeRequest.create({ key: "a" })),
    want: "deleteRange",
  },
  { path: "Txn", bytes: new Uint8Array(0), want: "txn" },
  { path: "Compact", bytes: new Uint8Array(0), want: "compact" },
]) {
  test(`KV/${path} passes the request to the server and its refusal to the client`, async () => {
    const asked: Asked = [];
    const server = kvServer(asked);
    await expect(unaryOf(kvBindings(server, 128), kv + path)(bytes)).rejects.toMatchObject({ kind: "tooManyRequests" });
    expect(asked.map(([method]) => method)).toEqual([want]);
  });
}

test("MemberList and HashKV pass on their parameters", async () => {
  const asked: Asked = [];
  const cluster = clusterBindings({
    members: {
      add: refusing(asked, "add"),
      list: refusing(asked, "list"),
      promote: refusing(asked, "promote"),
      remove: refusing(asked, "remove"),
      update: refusing(asked, "update"),
    },
  });
  const list = MemberListRequest.encode({ linearizable: true });
  await expect(unaryOf(cluster, "/etcdserverpb.Cluster/MemberList")(list)).rejects.toThrow();
  const maintenance = maintenanceBindings({
    maintenance: {
      status: async () => StatusResponse.create(),
      alarm: refusing(asked, "alarm"),
      defragment: refusing(asked, "defragment"),
      hash: refusing(asked, "hash"),
      hashKv: refusing(asked, "hashKv"),
      moveLeader: refusing(asked, "moveLeader"),
      snapshot: refusing(asked, "snapshot"),
      storageVersion: undefined,
    },
    downgrades: { run: refusing(asked, "downgrade") },
  });
  const hash = HashKVRequest.encode({ revision: 7 });
  await expect(unaryOf(maintenance, "/etcdserverpb.Maintenance/HashKV")(hash)).rejects.toThrow();
  expect(asked).toEqual([
    ["list", { linearizable: true }],
    ["hashKv", 7],
  ]);
});

const serving = new Serving(silentLogger);

test("StopGRPCServiceOnDefrag: the health service says so while the member does not count as serving", async () => {
  const [check, watch] = ["Check", "Watch"].map((name) =>
    healthBindings(serving).find((one) => one.path === `/grpc.health.v1.Health/${name}`),
  );
  if (check?.kind !== "unary" || watch?.kind !== "stream") throw new Error("health is not bound");
  const statusOfCheck = async () =>
    healthpb.HealthCheckResponse.decode(await wholeOf(await check.run(new Uint8Array(0), quiet)));
  const told: number[] = [];
  const gone = new AbortController();
  const ended = watch.run({
    call: { ...quiet, signal: gone.signal },
    async *read() {
      yield healthpb.HealthCheckRequest.encode({ service: "" });
    },
    write: (message) => told.push(healthpb.HealthCheckResponse.decode(message).status) > 0,
    writePieces: () => true,
    drained: () => Promise.resolve(),
    end: () => undefined,
  });
  await new Promise((resolve) => setImmediate(resolve));
  await serving.pause("defrag is active", async () => expect((await statusOfCheck()).status).toBe(2));
  expect((await statusOfCheck()).status).toBe(1);
  gone.abort();
  await ended;
  await serving.pause("defrag is active", async () => undefined);
  expect(told).toEqual([1, 2, 1]);
});

for (const { service, want } of [
  { service: "", want: "SERVING" },
  { service: "etcdserverpb.KV", want: "unknown service" },
]) {
  test(`the health of "${service}" is ${want}`, async () => {
    const check = unaryOf(healthBindings(serving), "/grpc.health.v1.Health/Check");
    const answer = check(healthpb.HealthCheckRequest.encode({ service }));
    if (want === "SERVING") expect(healthpb.HealthCheckResponse.decode(await answer).status).toBe(1);
    else await expect(answer).rejects.toMatchObject({ code: 5, message: want });
  });
}

test("the list of health states has an entry for the whole server, encoded as a map", async () => {
  const list = unaryOf(healthBindings(serving), "/grpc.health.v1.Health/List");
  // The entry has a value with status 1. An empty key may be omitted.
  expect(Buffer.from(await list(healthpb.HealthListRequest.encode({}))).toString("hex")).toBe("0a0412020801");
});

/** Leases 1 to 9 have a TTL of ten times their id. For lease 13 there is no leader. */
function leaseServer(): LeaseServer {
  let revision = 100;
  const refuse = (id: bigint) => new EtcdError(id === 13n ? "noLeader" : "leaseNotFound");
  return {
    headers: {
      at: () => ResponseHeader.create({ clusterId: 1n, memberId: 2n, revision: revision++, raftTerm: 3 }),
    },
    leases: {
      grant: () => Promise.reject(new EtcdError("leaseExists")),
      revoke: () => Promise.reject(new EtcdError("leaseNotFound")),
      list: () => Promise.reject(new EtcdError("noLeader")),
      renew: async (id: LeaseId) => {
        if (id < 1n || id > 9n) throw refuse(id);
        return Number(id) * 10;
      },
      timeToLive: async ({ id }) => {
        if (id < 1n || id > 9n) throw refuse(id);
        return LeaseTimeToLiveResponse.create({ id, ttl: 5, grantedTtl: 10 });
      },
    },
  };
}

class Leadership {
  readonly hasLeader = true;
  tell: (leader: bigint) => void = () => undefined;

  onChange(listener: (leader: bigint) => void): () => void {
    this.tell = listener;
    return () => undefined;
  }
}

for (const { id, want } of [
  { id: 2n, want: { ttl: 5, grantedTtl: 10 } },
  { id: 77n, want: { ttl: -1, grantedTtl: 0, header: { revision: 100 } } },
]) {
  test(`the time to live of lease ${id} is ${want.ttl}`, async () => {
    const bindings = leaseBindings(leaseServer(), new LeaderGuard(new Leadership(), clock, 1), clock);
    const ask = unaryOf(bindings, "/etcdserverpb.Lease/LeaseTimeToLive");
    const answer = await ask(LeaseTimeToLiveRequest.encode({ id, keys: false }));
    expect(LeaseTimeToLiveResponse.decode(answer)).toMatchObject({ id, ...want });
  });
}

interface KeepAlives {
  readonly answers: LeaseKeepAliveResponse[];
  readonly done: Promise<void>;
  ask(id: bigint): void;
  end(): void;
}

function keepAlives(guard: LeaderGuard, metadata: Readonly<Record<string, string>> = {}): KeepAlives {
  const answers: LeaseKeepAliveResponse[] = [];
  const requests: Uint8Array[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  const stream: ServerStream<Uint8Array, Uint8Array> = {
    call: { ...quiet, metadata: (name) => metadata[name] },
    async *read() {
      while (!ended || requests.length > 0) {
        const request = requests.shift();
        if (request !== undefined) yield request;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
    write(message) {
      answers.push(LeaseKeepAliveResponse.decode(message));
      return true;
    },
    writePieces: () => true,
    drained: () => Promise.resolve(),
    end: () => undefined,
  };
  const binding = leaseBindings(leaseServer(), guard, clock).find(
    (one) => one.path === "/etcdserverpb.Lease/LeaseKeepAlive",
  );
  if (binding?.kind !== "stream") throw new Error("LeaseKeepAlive is not bound");
  return {
    answers,
    done: binding.run(stream),
    ask(id) {
      requests.push(LeaseKeepAliveRequest.encode({ id }));
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}

test("keepalives are answered in order, with the revision before the renewal; TTL 0 for a lost lease", async () => {
  const stream = keepAlives(new LeaderGuard(new Leadership(), new ManualClock(), 1));
  for (const id of [2n, 77n, 3n]) stream.ask(id);
  stream.end();
  await stream.done;
  expect(stream.answers).toMatchObject([
    { id: 2n, ttl: 20, header: { revision: 100 } },
    { id: 77n, ttl: 0, header: { revision: 101 } },
    { id: 3n, ttl: 30, header: { revision: 102 } },
  ]);
});

test("a keepalive that cannot be answered ends the stream", async () => {
  const stream = keepAlives(new LeaderGuard(new Leadership(), new ManualClock(), 1));
  stream.ask(13n);
  await expect(stream.done).rejects.toMatchObject({ kind: "noLeader" });
});

test("a keepalive stream that requires a leader ends when there has been none for too long", async () => {
  const clock = new ManualClock();
  const leadership = new Leadership();
  const guard = new LeaderGuard(leadership, clock, 3_000);
  const careful = keepAlives(guard, { hasleader: "true" });
  const patient = keepAlives(guard);
  const refused = expect(careful.done).rejects.toMatchObject({ kind: "noLeader" });
  leadership.tell(0n);
  clock.advance(3_000);
  await refused;
  patient.ask(2n);
  patient.end();
  await patient.done;
  expect(patient.answers.length).toBe(1);
});
