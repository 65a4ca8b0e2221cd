import { describe, expect, test } from "vitest";
import { GrpcCode, ManualClock } from "../../src/base/index.js";
import { Call } from "../../src/client/grpc/call.js";
import { Channel } from "../../src/client/grpc/channel.js";
import { AttemptError } from "../../src/client/transport.js";
import { type MemorySocket, socketPair } from "../../src/rpc/http/memory-socket.js";
import { services } from "../../src/wire/index.js";
import { data, FrameLog, flags, frame, headers, ping, preface, settings, types } from "../http2/frames.js";
import { quiet } from "../http2/peer.js";

// Tests the gRPC transport against a server that sends handmade frames, on a clock that only the test moves.

const { Range } = services["etcdserverpb.KV"];

/** The server's end of one connection. */
class Served {
  readonly frames: string[] = [];
  readonly socket: MemorySocket;

  constructor(socket: MemorySocket) {
    this.socket = socket;
    const log = new FrameLog();
    let greeted = 0;
    socket.on("data", (chunk: Buffer) => {
      const rest = chunk.subarray(Math.min(chunk.length, preface.length - greeted));
      greeted += chunk.length - rest.length;
      this.frames.push(...log.read(rest));
    });
  }

  async send(...bytes: readonly Buffer[]): Promise<void> {
    this.socket.write(Buffer.concat(bytes));
    await quiet();
  }
}

/** A channel whose dials the test answers. */
class Rig {
  readonly clock = new ManualClock();
  readonly served: Served[] = [];
  /** Set to refuse dials. */
  refuse: Error | undefined;
  dials = 0;
  readonly channel: Channel;

  constructor(keepAliveTimeMs?: number) {
    this.channel = new Channel({
      endpoint: "there",
      clock: this.clock,
      frequentFields: [],
      dialTimeoutMs: 2_000,
      keepAliveTimeMs,
      keepAliveTimeoutMs: 1_000,
      keepAliveWithoutCalls: false,
      dial: async () => {
        this.dials++;
        if (this.refuse !== undefined) throw this.refuse;
        const [server, client] = socketPair();
        this.served.push(new Served(server));
        return client;
      },
    });
  }

  /** Connects, to a server that sends its settings. */
  async open(): Promise<Served> {
    const connected = this.channel.connected();
    await quiet();
    const served = this.served.at(-1);
    if (served === undefined) throw new Error("nothing was dialled");
    await served.send(settings());
    await connected;
    served.frames.length = 0;
    return served;
  }

  /** Begins a call on the open connection. */
  call(timeoutMs = Number.POSITIVE_INFINITY, signal?: AbortSignal) {
    const heard: string[] = [];
    const listener = {
      message: ({ count }: { readonly count: number }) => heard.push(`count ${count}`),
      closed: (error: AttemptError | undefined) =>
        heard.push(error === undefined ? "ok" : `${error.code} ${error.details}${error.notSent ? " (not sent)" : ""}`),
    };
    this.channel.callBegins();
    const limits = { sendBytesMax: 2 ** 21, receiveBytesMax: 2 ** 31 };
    const call = new Call(Range, "there", this.clock, limits, { metadata: {}, timeoutMs, signal }, listener, () =>
      this.channel.callEnds(),
    );
    const { connection } = this.channel;
    if (connection !== undefined) call.begin(connection, []);
    call.send(Range.request.create({ key: "a" as never }));
    call.finish();
    return { call, heard };
  }
}

const head = headers(1, [
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const end = flags.endHeaders | flags.endStream;
const trailers = (status: string, message = "") =>
  headers(
    1,
    [
      ["grpc-status", status],
      ["grpc-message", message],
    ],
    end,
  );

/** A message frame whose RangeResponse has this count, in the body of a stream. */
function counted(count: number, stream = 1): Buffer {
  const bytes = Range.response.encode(Range.response.create({ count }));
  return data(stream, Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes]), 0);
}

async function refusal(wait: Promise<unknown>): Promise<string> {
  const error = await wait.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AttemptError)) throw new Error(`expected an AttemptError, got ${String(error)}`);
  return `${error.code} ${error.details}${error.notSent ? " (not sent)" : ""}`;
}

describe("a channel", () => {
  test("dials once for all who wait", async () => {
    const rig = new Rig();
    const waiting = [rig.channel.connected(), rig.channel.connected()];
    expect(rig.channel.state).toBe("unknown");
    await quiet();
    await rig.served[0]?.send(settings());
    const [one, other] = await Promise.all(waiting);
    expect([rig.dials, one === other, rig.channel.state]).toEqual([1, true, "connected"]);
  });

  test("fails at once after a refusal, and dials again after a pause that grows", async () => {
    const rig = new Rig();
    rig.refuse = new Error("connect ECONNREFUSED");
    const refused = "14 connection error: connect ECONNREFUSED (not sent)";
    for (const pauseMs of [100, 160, 256, 409.6]) {
      const { dials } = rig;
      expect(await refusal(rig.channel.connected())).toBe(refused);
      expect(rig.dials).toBe(dials + 1);
      rig.clock.advance(pauseMs - 1);
      expect([rig.channel.state, await refusal(rig.channel.connected()), rig.dials]).toEqual([
        "failed",
        refused,
        dials + 1,
      ]);
      rig.clock.advance(2);
      expect(rig.channel.state).toBe("unknown");
    }
    rig.refuse = undefined;
    await rig.open();
    rig.served.at(-1)?.socket.destroy();
    await quiet();
    rig.refuse = new Error("gone");
    await refusal(rig.channel.connected());
    rig.clock.advance(101);
    expect(rig.channel.state).toBe("unknown"); // the pause is the first one again
  });

  test("says the reason for each address", async () => {
    const rig = new Rig();
    rig.refuse = new AggregateError([new Error("refused ::1"), new Error("refused 127.0.0.1")]);
    expect(await refusal(rig.channel.connected())).toBe(
      "14 connection error: refused ::1, refused 127.0.0.1 (not sent)",
    );
  });

  test("gives up a server that never sends its settings", async () => {
    const rig = new Rig();
    const connected = rig.channel.connected();
    await quiet();
    rig.clock.advance(2_000);
    expect(await refusal(connected)).toBe("14 connection error: no answer from there (not sent)");
    await quiet();
    expect(rig.served[0]?.socket.destroyed).toBe(true);
  });

  test("opens another connection while one that the server leaves finishes its calls", async () => {
    const rig = new Rig();
    const served = await rig.open();
    const { heard } = rig.call();
    await quiet();
    await served.send(frame(types.goAway, 0, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])));
    expect(rig.channel.connection).toBeUndefined();
    await rig.open();
    await served.send(head, counted(7), trailers("0"));
    expect([heard, rig.dials]).toEqual([["count 7", "ok"], 2]);
  });

  test("closes in any state", async () => {
    const idle = new Rig();
    idle.channel.close();
    expect(await refusal(idle.channel.connected())).toBe("1 context canceled (not sent)");
    const dialing = new Rig();
    const connected = dialing.channel.connected();
    dialing.channel.close();
    await quiet();
    await dialing.served[0]?.send(settings());
    expect(await refusal(connected)).toBe("1 context canceled (not sent)");
    const open = new Rig();
    const served = await open.open();
    open.channel.close();
    await quiet();
    expect(served.frames.at(-1)).toBe("go away 0 none");
  });
});

describe("pings", () => {
  test("are sent only while there are calls and nothing else comes, and end a dead connection", async () => {
    const rig = new Rig(10_000);
    const served = await rig.open();
    rig.clock.advance(100_000);
    await quiet();
    expect(served.frames).toEqual([]);
    const { heard } = rig.call();
    await quiet();
    served.frames.length = 0;
    rig.clock.advance(9_000);
    await served.send(head);
    rig.clock.advance(2_000); // the server was heard meanwhile
    await quiet();
    expect(served.frames).toEqual([]);
    rig.clock.advance(9_500);
    await quiet();
    expect(served.frames).toEqual(["ping"]);
    await served.send(frame(types.ping, flags.ack, 0, Buffer.alloc(8)));
    rig.clock.advance(1_000);
    rig.clock.advance(10_000);
    await quiet();
    expect([served.frames, heard]).toEqual([["ping", "ping"], []]);
    rig.clock.advance(1_000);
    await quiet();
    const text = "14 error reading from server: keepalive ping failed to receive ACK within timeout";
    expect([heard, rig.channel.state]).toEqual([[text], "unknown"]);
  });

  test("of the server are answered", async () => {
    const rig = new Rig();
    const served = await rig.open();
    await served.send(ping());
    expect(served.frames).toEqual(["ping ack"]);
  });
});

describe("a call ends", () => {
  for (const { name, send, want } of [
    { name: "with its answer", send: [head, counted(3), trailers("0")], want: ["count 3", "ok"] },
    { name: "with the server's status", send: [head, trailers("3", "no %E2%82%AC 100%")], want: ["3 no € 100%"] },
    {
      name: "with a status in the head",
      send: [
        headers(
          1,
          [
            [":status", "200"],
            ["content-type", "application/grpc"],
            ["grpc-status", "5"],
          ],
          end,
        ),
      ],
      want: ["5 "],
    },
    {
      name: "with a status that is no number",
      send: [head, trailers("many", "x")],
      want: [`${GrpcCode.Unknown} x`],
    },
    {
      name: "without a status",
      send: [head, headers(1, [["a", "b"]], end)],
      want: [`${GrpcCode.Unknown} server closed the stream without sending a status`],
    },
    {
      name: "without trailers",
      send: [head, data(1, "")],
      want: [`${GrpcCode.Internal} server closed the stream without sending a status`],
    },
    {
      name: "in the middle of a message",
      send: [head, data(1, "\0\0\0\0\x05abc", 0), trailers("0")],
      want: [`${GrpcCode.Internal} unexpected EOF`],
    },
    {
      name: "with a compressed message",
      send: [head, data(1, "\x01\0\0\0\x01a", 0)],
      want: [`${GrpcCode.Internal} grpc: compressed flag set with identity or empty encoding`],
    },
    {
      name: "with a message that cannot be decoded",
      send: [head, data(1, "\0\0\0\0\x01\xff", 0)],
      want: [expect.stringMatching(/^13 grpc: failed to unmarshal the received message: /)],
    },
    {
      name: "with the answer of a proxy",
      send: [
        headers(
          1,
          [
            [":status", "502"],
            ["content-type", "text/html"],
          ],
          end,
        ),
      ],
      want: [`${GrpcCode.Unavailable} unexpected HTTP status code received from server: 502`],
    },
    {
      name: "with an answer that is not gRPC",
      send: [
        headers(
          1,
          [
            [":status", "200"],
            ["content-type", "text/html"],
          ],
          end,
        ),
      ],
      want: [`${GrpcCode.Unknown} the answer is not gRPC: its content-type is "text/html"`],
    },
    {
      name: "refused",
      send: [frame(types.reset, 0, 1, Buffer.from([0, 0, 0, 7]))],
      want: [`${GrpcCode.Unavailable} connection error: refused (not sent)`],
    },
    {
      name: "cancelled by the server",
      send: [frame(types.reset, 0, 1, Buffer.from([0, 0, 0, 8]))],
      want: [`${GrpcCode.Canceled} stream terminated by RST_STREAM with error code: 8`],
    },
  ]) {
    test(name, async () => {
      const rig = new Rig();
      const served = await rig.open();
      const { heard } = rig.call();
      await quiet();
      await served.send(...send);
      expect(heard).toEqual(want);
    });
  }

  test("with its connection", async () => {
    const rig = new Rig();
    const served = await rig.open();
    const { heard } = rig.call();
    await quiet();
    served.socket.destroy();
    await quiet();
    expect(heard).toEqual(["14 error reading from server: EOF"]);
  });

  test("at its deadline, or with the abort of its signal, and tells the server", async () => {
    const rig = new Rig();
    const served = await rig.open();
    const late = rig.call(50);
    const stop = new AbortController();
    const stopped = rig.call(undefined, stop.signal);
    const aborted = rig.call(undefined, AbortSignal.abort());
    expect(aborted.heard).toEqual([]); // later turns only
    await quiet();
    rig.clock.advance(50);
    stop.abort();
    await quiet();
    expect([late.heard, stopped.heard, aborted.heard]).toEqual([
      ["4 context deadline exceeded"],
      ["1 context canceled"],
      ["1 context canceled"],
    ]);
    expect(served.frames.filter((line) => line.startsWith("reset"))).toEqual(
      expect.arrayContaining(["reset 1 cancel", "reset 3 cancel"]),
    );
  });
});

test("a paused call holds answers and its end back, and the server's window fills", async () => {
  const rig = new Rig();
  const served = await rig.open();
  const { call, heard } = rig.call();
  await quiet();
  await served.send(head, counted(1));
  call.pause();
  await served.send(counted(2), counted(3), trailers("0"));
  expect(heard).toEqual(["count 1"]);
  call.resume();
  expect(heard).toEqual(["count 1", "count 2", "count 3", "ok"]);
});

test("a cancelled call is silent, also before there is a connection", async () => {
  const rig = new Rig();
  const { call, heard } = rig.call();
  call.cancel();
  call.cancel();
  const served = await rig.open();
  const later = rig.call();
  await quiet();
  later.call.cancel();
  await served.send(head, counted(1), trailers("0"));
  expect([heard, later.heard]).toEqual([[], []]);
});
