import { Duplex } from "node:stream";
import { queryObjects } from "node:v8";
import { expect, test } from "vitest";
import { MemoryAccount, silentLogger, systemClock } from "../../../src/base/index.js";
import { type Binding, session } from "../../../src/rpc/grpc/binding.js";
import { CallCounters, GrpcServer } from "../../../src/rpc/index.js";
import { leaseBindings } from "../../../src/rpc/services/lease.js";
import { SlowCalls } from "../../../src/rpc/services/slow-calls.js";
import { LeaseKeepAliveRequest, services, WatchCreateRequest, WatchRequest } from "../../../src/wire/index.js";
import { callFields, data, flags, headers, preface, settings } from "../../http2/frames.js";
import { until } from "../../support/until.js";
import { connect } from "../remote/wires.js";
import { startWatching } from "./watch-client.js";

// Very many streams only wait. A promise that one of them keeps costs with its functions half of what the stream may
// take, so none is kept: neither where the connection is, nor where the state is.

const { Watch } = services["etcdserverpb.Watch"];
const { LeaseKeepAlive } = services["etcdserverpb.Lease"];
const streams = 200;

async function bindings(): Promise<readonly Binding[]> {
  const { server } = await startWatching();
  const header = { clusterId: 1n, memberId: 2n, revision: 3, raftTerm: 4 };
  const unused = () => Promise.reject(new Error("not called"));
  const leases = { renew: async () => 60, grant: unused, revoke: unused, timeToLive: unused, list: unused };
  return [
    session(Watch, server.sessions()),
    ...leaseBindings({ leases, headers: { at: () => header } }, server.guard, systemClock),
  ];
}

/** A client that opens streams, sends one message on each, and reads everything. */
function clientOf(path: string, message: Uint8Array): { readonly socket: Duplex; readonly frames: Buffer } {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const body = Buffer.concat([prefix, message]);
  const opened = Array.from({ length: streams }, (_, at) => [
    headers(2 * at + 1, callFields(path)),
    data(2 * at + 1, body, flags.none),
  ]);
  return { socket, frames: Buffer.concat([preface, settings(), ...opened.flat()]) };
}

const create = WatchRequest.encode({
  requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key: "k" }) },
});
const renew = LeaseKeepAliveRequest.encode(LeaseKeepAliveRequest.create({ id: 7n }));

for (const [name, { path }, message] of [
  ["watch", Watch, create],
  ["keepalive", LeaseKeepAlive, renew],
] as const) {
  for (const where of ["on one loop", "over a port"] as const) {
    test(`${name} streams that wait keep no promises, ${where}`, async () => {
      const own = await bindings();
      const remote = where === "over a port" ? (await connect(own)).remote : undefined;
      const counters = new CallCounters();
      const grpc = new GrpcServer({
        bindings: remote?.bindings ?? own,
        gate: remote?.gate ?? { admit: () => undefined },
        counters,
        logger: silentLogger,
        clock: systemClock,
        receiveBytesMax: 100_000,
        memory: MemoryAccount.unlimited(),
        maxConcurrentStreams: 2 ** 32 - 1,
        keepaliveIntervalMs: 0,
        keepaliveTimeoutMs: 20_000,
        keepaliveMsMin: 5_000,
        timed: false,
        slow: new SlowCalls(systemClock, silentLogger, 10_000),
      });
      const before = queryObjects(Promise, { format: "count" });
      const { socket, frames } = clientOf(path, message);
      grpc.take(socket, frames);
      await until(() => counters.methods.find((method) => method.path === path)?.sent === streams);
      expect(queryObjects(Promise, { format: "count" }) - before).toBeLessThan(streams / 4);
      await grpc.stop(0);
    });
  }
}
