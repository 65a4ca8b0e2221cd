import {
  type Context,
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ManualClock } from "../../src/base/index.js";
import { AttemptError, Client, GrpcCode } from "../../src/client/index.js";
import { FakeTransport, nobody, settled } from "./support/fake-transport.js";
import { created } from "./support/watch-server.js";

// Spans of calls and streams, with a tracer provider that keeps them.

interface Kept {
  readonly name: string;
  readonly kind: SpanKind | undefined;
  readonly root: boolean;
  readonly attributes: Record<string, unknown>;
  status: number | undefined;
  ended: number;
}

const spans: Kept[] = [];

beforeAll(() => {
  const startSpan = (name: string, options: SpanOptions = {}, parent: Context = context.active()): Span => {
    const attributes: Record<string, unknown> = { ...options.attributes };
    const root = parent === ROOT_CONTEXT;
    const kept: Kept = { name, kind: options.kind, root, attributes, status: undefined, ended: 0 };
    spans.push(kept);
    const span = {
      spanContext: () => ({ traceId: "1".repeat(32), spanId: `${spans.length}`.padStart(16, "0"), traceFlags: 1 }),
      setAttribute: (key: string, value: unknown) => {
        kept.attributes[key] = value;
        return span;
      },
      setAttributes: (values: Record<string, unknown>) => {
        Object.assign(kept.attributes, values);
        return span;
      },
      setStatus: ({ code }: { code: number }) => {
        kept.status = code;
        return span;
      },
      end: () => {
        kept.ended++;
      },
    };
    return span as unknown as Span;
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as never });
  const inject = (from: Context, carrier: unknown): void => {
    const { spanId = "none" } = trace.getSpanContext(from) ?? {};
    (carrier as Record<string, string>).traceparent = spanId;
  };
  propagation.setGlobalPropagator({ inject, extract: (from) => from, fields: () => ["traceparent"] });
});

/** The context of all code here, which is not the root. */
const active = ROOT_CONTEXT.setValue(Symbol("test"), true);

beforeAll(() => {
  const manager: ContextManager = {
    active: () => active,
    with: (_, run, self, ...args) => run.apply(self as never, args),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
});

beforeEach(() => {
  spans.length = 0;
});

afterAll(() => {
  trace.disable();
  propagation.disable();
  context.disable();
});

const ofRange = { "rpc.system": "grpc", "rpc.service": "etcdserverpb.KV", "rpc.method": "Range" };
const at = { "server.address": "fake", "server.port": 1 };

test("a call is one span, whatever its attempts, with its method, its server and its status", async () => {
  const transport = new FakeTransport();
  let attempts = 0;
  const metadata: unknown[] = [];
  transport.on("KV/Range", (_, call) => {
    metadata.push(call.metadata);
    if (++attempts < 3) throw nobody();
    return { kvs: [] };
  });
  await using client = new Client({ transport });
  await client.range({ key: "a" });
  await client.put({ key: "a" }, { timeoutMs: 1 }).catch(() => undefined);
  expect(attempts).toBe(3);
  const attributes = { ...ofRange, ...at, "rpc.grpc.status_code": GrpcCode.Ok };
  const kind = SpanKind.CLIENT;
  const range = { name: "etcdserverpb.KV/Range", kind, root: false, attributes, status: undefined, ended: 1 };
  expect(spans).toEqual([
    expect.objectContaining(range),
    expect.objectContaining({ name: "etcdserverpb.KV/Put", status: SpanStatusCode.ERROR, ended: 1 }),
  ]);
  // The server hears which span the call belongs to.
  expect(metadata).toEqual(Array.from({ length: 3 }, () => ({ traceparent: "0000000000000001" })));
});

test("each stream of watches is a span that begins a trace, from its opening to its end", async () => {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  await using client = new Client({ transport, clock });
  const asking = client.watch({ key: "k" });
  await vi.waitFor(() => transport.stream);
  transport.stream.answer(created(0, 10));
  const watch = await asking;
  const name = "etcdserverpb.Watch/Watch";
  expect(spans).toEqual([expect.objectContaining({ name, kind: SpanKind.CLIENT, root: true, ended: 0 })]);
  expect(transport.stream.call.metadata).toEqual({ traceparent: "0000000000000001" });
  // A lost stream is an error, and the next one is a span of its own.
  transport.stream.lose();
  clock.advance(50);
  await settled();
  const lost = { ...at, "rpc.system": "grpc", "rpc.service": "etcdserverpb.Watch", "rpc.method": "Watch" };
  expect(spans[0]).toMatchObject({
    attributes: { ...lost, "rpc.grpc.status_code": GrpcCode.Unavailable },
    status: SpanStatusCode.ERROR,
    ended: 1,
  });
  expect(spans[1]).toMatchObject({ name, ended: 0 });
  // A stream that the program does not need any more has not failed.
  watch.cancel();
  expect(spans[1]).toMatchObject({
    attributes: { "rpc.grpc.status_code": GrpcCode.Canceled },
    status: undefined,
    ended: 1,
  });
  expect(spans.length).toBe(2);
});

test("a snapshot is a span in the trace of its caller, and the renewals of leases are one of the client", async () => {
  const transport = new FakeTransport();
  await using client = new Client({ transport });
  const pieces = client.snapshot();
  const first = pieces.next();
  await vi.waitFor(() => transport.stream);
  transport.stream.answer({ remainingBytes: 0n, blob: Buffer.alloc(1) });
  await first;
  const end = pieces.next();
  transport.stream.end();
  await end;
  const keeper = client.keepAlive(7n);
  await vi.waitFor(() => expect(transport.streams.length).toBe(2));
  keeper.cancel();
  expect(spans).toMatchObject([
    {
      name: "etcdserverpb.Maintenance/Snapshot",
      root: false,
      attributes: { "rpc.grpc.status_code": GrpcCode.Ok },
      ended: 1,
    },
    { name: "etcdserverpb.Lease/LeaseKeepAlive", root: true, status: undefined, ended: 1 },
  ]);
});

test("a stream whose login fails is a span with that error", async () => {
  const transport = new FakeTransport();
  transport.on("Auth/Authenticate", () => {
    throw new AttemptError(GrpcCode.InvalidArgument, "etcdserver: authentication failed", "fake:1", false);
  });
  await using client = new Client({ transport, auth: { user: "a", password: "b" } });
  await expect(client.watch({ key: "k" })).rejects.toThrow("authentication failed");
  expect(spans).toMatchObject([
    { name: "etcdserverpb.Watch/Watch", attributes: { "rpc.grpc.status_code": GrpcCode.InvalidArgument }, ended: 1 },
  ]);
});

test("there are no spans when tracing is off", async () => {
  const transport = new FakeTransport();
  transport.on("KV/Range", () => ({ kvs: [] }));
  await using client = new Client({ transport, tracing: false });
  await client.range({ key: "a" });
  expect(spans).toEqual([]);
});

test("the number of attempts and the pauses between them are the options'", async () => {
  const transport = new FakeTransport();
  let attempts = 0;
  transport.on("KV/Range", () => {
    attempts++;
    throw new AttemptError(GrpcCode.Unavailable, "etcdserver: no leader", "fake:1", false);
  });
  await using client = new Client({ transport, tracing: false, retry: { attemptsMax: 3, pauseMs: 0 } });
  await expect(client.range({ key: "a" })).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  expect(attempts).toBe(3);
});
