import { context, type Span, SpanKind, type SpanOptions, SpanStatusCode, trace } from "@opentelemetry/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../src/client/index.js";
import { FakeTransport, nobody } from "./support/fake-transport.js";

// Spans of calls, with a tracer provider that keeps them.

interface Kept {
  readonly name: string;
  readonly options: SpanOptions;
  readonly attributes: Record<string, unknown>;
  status: number | undefined;
  ended: boolean;
}

const spans: Kept[] = [];

beforeAll(() => {
  const startSpan = (name: string, options: SpanOptions = {}): Span => {
    const kept: Kept = { name, options, attributes: { ...options.attributes }, status: undefined, ended: false };
    spans.push(kept);
    const span = {
      setAttribute: (key: string, value: unknown) => {
        kept.attributes[key] = value;
        return span;
      },
      setStatus: ({ code }: { code: number }) => {
        kept.status = code;
        return span;
      },
      end: () => {
        kept.ended = true;
      },
    };
    return span as unknown as Span;
  };
  const startActiveSpan = (name: string, options: SpanOptions, run: (span: Span) => unknown) => {
    const span = startSpan(name, options);
    return context.with(trace.setSpan(context.active(), span), run, undefined, span);
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan }) as never });
});

afterAll(() => trace.disable());

test("a call is one span, whatever its attempts, with its method and status", async () => {
  const transport = new FakeTransport();
  let attempts = 0;
  transport.on("KV/Range", () => {
    if (++attempts < 3) throw nobody();
    return { kvs: [] };
  });
  await using client = new Client({ transport });
  await client.range({ key: "a" });
  await client.put({ key: "a" }, { timeoutMs: 1 }).catch(() => undefined);
  expect(attempts).toBe(3);
  expect(spans).toEqual([
    {
      name: "etcdserverpb.KV/Range",
      options: expect.objectContaining({ kind: SpanKind.CLIENT }),
      attributes: {
        "rpc.system": "grpc",
        "rpc.service": "etcdserverpb.KV",
        "rpc.method": "Range",
        "rpc.grpc.status_code": 0,
      },
      status: undefined,
      ended: true,
    },
    expect.objectContaining({ name: "etcdserverpb.KV/Put", status: SpanStatusCode.ERROR, ended: true }),
  ]);
});

test("there are no spans when tracing is off", async () => {
  const transport = new FakeTransport();
  transport.on("KV/Range", () => ({ kvs: [] }));
  await using client = new Client({ transport, tracing: false });
  const before = spans.length;
  await client.range({ key: "a" });
  expect(spans.length).toBe(before);
});

test("the number of attempts and the pauses between them are the options'", async () => {
  const transport = new FakeTransport();
  const { AttemptError, GrpcCode } = await import("../../src/client/index.js");
  let attempts = 0;
  transport.on("KV/Range", () => {
    attempts++;
    throw new AttemptError(GrpcCode.Unavailable, "etcdserver: no leader", "fake:1", false);
  });
  await using client = new Client({ transport, tracing: false, retry: { attemptsMax: 3, pauseMs: 0 } });
  await expect(client.range({ key: "a" })).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  expect(attempts).toBe(3);
});
