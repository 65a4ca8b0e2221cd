import { describe, expect, test } from "vitest";
import { MemoryAccount, silentLogger, systemClock } from "../../../src/base/index.js";
import { socketPair } from "../../../src/rpc/http/memory-socket.js";
import { type Binding, CallCounters, Gate, GrpcServer } from "../../../src/rpc/index.js";
import { SlowCalls } from "../../../src/rpc/services/slow-calls.js";
import {
  data,
  type Fields,
  FrameLog,
  headers,
  preface,
  request,
  reset,
  settings,
  windowUpdate,
} from "../../http2/frames.js";

/** A complete message with its prefix. */
const put = Buffer.concat([Buffer.from([0, 0, 0, 0, 3]), Buffer.from("put")]);

describe("a call counts towards the streams of its connection until its handler returns", () => {
  const broken = Buffer.from([9, 9, 9, 9, 9]);
  for (const { name, kind, end } of [
    { name: "a broken message after the request", kind: "unary", end: (id: number) => [data(id, broken, 0)] },
    { name: "a window update of 0", kind: "unary", end: (id: number) => [windowUpdate(id, 0)] },
    {
      name: "a body that is longer than its content-length",
      kind: "unary",
      end: (id: number) => [data(id, "x".repeat(20), 0)],
    },
    { name: "a reset", kind: "unary", end: (id: number) => [reset(id)] },
    { name: "trailers that do not end", kind: "unary", end: (id: number) => [headers(id, [["x", "y"]])] },
    { name: "a broken message", kind: "stream", end: (id: number) => [data(id, broken, 0)] },
    { name: "a reset", kind: "stream", end: (id: number) => [reset(id)] },
  ] as const) {
    test(`${kind}, followed by ${name}`, async () => {
      let running = 0;
      let most = 0;
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const work = async (): Promise<void> => {
        most = Math.max(most, ++running);
        await released;
        running--;
      };
      const path = "/t.T/Put";
      const unary: Binding = { kind: "unary", path, run: (request) => work().then(() => request) };
      const own = new GrpcServer({
        bindings: [kind === "unary" ? unary : { kind: "stream", path, run: work }],
        gate: new Gate(
          { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } },
          "3.7",
        ),
        counters: new CallCounters(),
        logger: silentLogger,
        clock: systemClock,
        receiveBytesMax: 100_000,
        memory: MemoryAccount.unlimited(),
        maxConcurrentStreams: 2,
        keepaliveIntervalMs: 7_200_000,
        keepaliveTimeoutMs: 20_000,
        keepaliveMsMin: 5_000,
        timed: false,
        slow: new SlowCalls(systemClock, silentLogger, 10_000),
      });
      const [near, far] = socketPair();
      own.take(near, Buffer.alloc(0));
      const log = new FrameLog();
      const heard: string[] = [];
      far.on("data", (chunk: Buffer) => heard.push(...log.read(chunk)));
      const head: Fields = request.map(([name, value]) => [name, name === ":path" ? path : value]);
      const fields: Fields = [...head, ["content-length", "10"]];
      const frames: Buffer[] = [preface, settings()];
      for (let id = 1; id < 200; id += 2) frames.push(headers(id, fields), data(id, put, 0), ...end(id));
      far.write(Buffer.concat(frames));
      await expect.poll(() => heard.filter((line) => line.endsWith("refused")).length).toBe(98);
      expect(most).toBe(2);
      // New requests are served again after the handlers have returned.
      release();
      await expect.poll(() => running).toBe(0);
      far.write(Buffer.concat([headers(201, head), data(201, put)]));
      await expect.poll(() => heard.at(-1)).toMatch(/^headers 201 .*grpc-status=0 end$/);
      far.destroy();
      await own.stop(100);
    });
  }
});
