import { expect, test } from "vitest";
import { EtcdError, GrpcCode } from "../../../src/base/index.js";
import type { Binding } from "../../../src/rpc/grpc/binding.js";
import { AlikeMessages, type MessageInPieces } from "../../../src/rpc/grpc/sent-messages.js";
import type { ServerStream } from "../../../src/rpc/grpc/stream.js";
import type { Call } from "../../../src/server/index.js";
import { bytes, callOf, connect } from "./wires.js";

/** A stream's client: what it sends, and what it has got. */
class StreamClient implements ServerStream<Uint8Array, Uint8Array> {
  readonly call: Call;
  readonly cancel: () => void;
  readonly got: string[] = [];
  gotBytes = 0;
  ended = false;
  /** Whether the client takes messages. */
  open = true;
  #sent: (Uint8Array | undefined)[] = [];
  #wake: () => void = () => undefined;
  #drained: (() => void)[] = [];

  constructor(names?: Readonly<Record<string, string>>) {
    ({ call: this.call, cancel: this.cancel } = callOf({ ...(names && { names }) }));
  }

  send(message: Uint8Array | undefined): void {
    this.#sent.push(message);
    this.#wake();
  }

  get unread(): number {
    return this.#sent.length;
  }

  drain(): void {
    this.open = true;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  async *read(): AsyncIterable<Uint8Array> {
    for (;;) {
      while (this.#sent.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const message = this.#sent.shift();
      if (message === undefined) return;
      yield message;
    }
  }

  write(message: Uint8Array): boolean {
    this.got.push(String(Buffer.from(message).subarray(0, 20)));
    this.gotBytes += message.length;
    return this.open;
  }

  writePieces({ pieces }: MessageInPieces): boolean {
    return this.write(Buffer.concat(pieces));
  }

  drained(): Promise<void> {
    return this.open ? Promise.resolve() : new Promise((resolve) => void this.#drained.push(resolve));
  }

  end(): void {
    this.ended = true;
  }
}

test("a stream passes messages both ways, in order, and ends with its handler", async () => {
  const { binding } = await connect([
    {
      kind: "stream",
      path: "/s/Stream",
      async run(stream) {
        for await (const message of stream.read()) {
          stream.write(bytes(`re: ${message}`));
          stream.writePieces({ length: 4, pieces: [bytes("a"), bytes("bcd")] });
        }
      },
    },
  ]);
  const client = new StreamClient();
  const over = binding("/s/Stream", "stream").run(client);
  for (const text of ["1", "2", "3"]) client.send(bytes(text));
  client.send(undefined);
  await over;
  expect(client.got).toEqual(["re: 1", "abcd", "re: 2", "abcd", "re: 3", "abcd"]);
});

test("a stream's handler waits while its client takes nothing", async () => {
  const written: number[] = [];
  const { binding } = await connect([
    {
      kind: "stream",
      path: "/s/Flood",
      async run(stream) {
        for (let at = 0; at < 200; at++) {
          written.push(at);
          if (!stream.write(Buffer.alloc(8_192))) await stream.drained();
        }
      },
    },
  ]);
  const client = new StreamClient();
  client.open = false;
  const over = binding("/s/Flood", "stream").run(client);
  await expect.poll(() => client.gotBytes).toBeGreaterThanOrEqual(256 * 1024);
  expect(written.length).toBeLessThanOrEqual(33);
  client.drain();
  await over;
  expect(client.gotBytes).toBe(200 * 8_192);
});

test("a stream's client is read no further while the handler is busy", async () => {
  let goOn: () => void = () => undefined;
  const busy = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let taken = 0;
  const { binding } = await connect([
    {
      kind: "stream",
      path: "/s/Busy",
      async run(stream) {
        for await (const _ of stream.read()) {
          taken++;
          await busy;
        }
      },
    },
  ]);
  const client = new StreamClient();
  const over = binding("/s/Busy", "stream").run(client);
  for (let at = 0; at < 50; at++) client.send(Buffer.alloc(1_000));
  client.send(undefined);
  await expect.poll(() => taken).toBe(1);
  expect(client.unread).toBeGreaterThan(40);
  goOn();
  await over;
  expect(taken).toBe(50);
});

test("a cancelled stream ends for its handler, whose clean-up the front end awaits", async () => {
  let cleanUp: () => void = () => undefined;
  const cleaned = new Promise<void>((resolve) => {
    cleanUp = resolve;
  });
  let ended = false;
  const { binding } = await connect([
    {
      kind: "stream",
      path: "/s/Watch",
      async run(stream) {
        for await (const _ of stream.read());
        ended = stream.call.cancelled;
        await cleaned;
      },
    },
  ]);
  const client = new StreamClient();
  let over = false;
  const running = binding("/s/Watch", "stream")
    .run(client)
    .then(() => {
      over = true;
    });
  client.send(bytes("1"));
  client.cancel();
  await expect.poll(() => ended).toBe(true);
  expect(over).toBe(false);
  cleanUp();
  await running;
});

test("a stream that is refused at its head is refused before its first message", async () => {
  const watch: Binding = { kind: "stream", path: "/s/Watch", run: async () => undefined };
  const gate = {
    admit: (call: Call) => {
      if (call.metadata("hasleader") === "true") throw new EtcdError("noLeader");
    },
  };
  const { remote, binding } = await connect([watch], { gate });
  const refused = callOf({ names: { hasleader: "true" } }).call;
  await expect(remote.gate.admit(refused, binding("/s/Watch", "stream"))).rejects.toMatchObject({
    code: GrpcCode.Unavailable,
  });
  await remote.gate.admit(callOf().call, binding("/s/Watch", "stream"));
  const client = new StreamClient({ hasleader: "true" });
  await expect(binding("/s/Watch", "stream").run(client)).rejects.toMatchObject({ code: GrpcCode.Unavailable });
});

/** A stream for each client, whose handlers go on until `end`. */
async function manyStreams(clients: readonly StreamClient[]) {
  const streams: ServerStream<Uint8Array, Uint8Array>[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { binding, state } = await connect([
    {
      kind: "stream",
      path: "/s/Watch",
      async run(stream) {
        streams.push(stream);
        await ended;
      },
    },
  ]);
  const over = clients.map((client) => binding("/s/Watch", "stream").run(client));
  await expect.poll(() => streams.length).toBe(clients.length);
  const endAll = () => {
    end();
    return Promise.all(over);
  };
  return { streams, state, end: endAll };
}

const event = Buffer.alloc(1_000, "event ");
const alike = (first: string, own: readonly string[], last = event) =>
  new AlikeMessages(bytes(first), own.map(bytes), last);

test("messages that many streams get cross once, and arrive at each of them in order", async () => {
  const clients = Array.from({ length: 50 }, () => new StreamClient());
  const { streams, state, end } = await manyStreams(clients);
  const three = alike("head ", ["0", "1", "2"]);
  const other = alike("head ", ["3"]);
  for (const [at, stream] of streams.entries()) {
    stream.writeAlike?.(three);
    if (at % 10 === 0) stream.writeAlike?.(other);
  }
  // Kind, length, number and place take a few bytes for each of the other streams.
  expect(state.queuedBytes).toBeLessThan(event.length + 60 * 12);
  streams[3]?.writePieces({ length: 3, pieces: [bytes("abc")] });
  for (const stream of streams) stream.write(bytes("next"));
  await end();
  const told = (own: number) => `head ${own}${event}`.slice(0, 20);
  for (const [at, { got }] of clients.entries()) {
    const more = [...(at % 10 === 0 ? [told(3)] : []), ...(at === 3 ? ["abc"] : [])];
    expect(got).toEqual([told(0), told(1), told(2), ...more, "next"]);
  }
});

test("of messages that differ from the ones before, only what differs crosses, whatever was kept", async () => {
  const clients = Array.from({ length: 3 }, () => new StreamClient());
  const { streams, state, end } = await manyStreams(clients);
  const messages = Array.from({ length: 40 }, (_, at) => alike(at < 20 ? "early " : "late ", [String(at)]));
  for (const one of messages) for (const stream of streams) stream.writeAlike?.(one);
  expect(state.queuedBytes).toBeLessThan(event.length + 40 * 3 * 20);
  const again = messages[0];
  const long = alike("long ", ["0"], Buffer.alloc(200_000, "x"));
  for (const stream of streams) {
    if (again !== undefined) stream.writeAlike?.(again);
    stream.writeAlike?.(long);
  }
  await end();
  const want = messages.map((_, at) => `${at < 20 ? "early" : "late"} ${at}${event}`.slice(0, 20));
  for (const { got } of clients) expect(got).toEqual([...want, want[0], `long 0${"x".repeat(14)}`]);
});

test("a transport that sends alike messages together gets them so", async () => {
  const together: AlikeMessages[] = [];
  const client = Object.assign(new StreamClient(), {
    writeAlike: (messages: AlikeMessages) => together.push(messages) > 0,
  });
  const { streams, end } = await manyStreams([client]);
  const three = alike("head ", ["0", "1", "2"]);
  for (let times = 0; times < 2; times++) streams[0]?.writeAlike?.(three);
  await end();
  expect(together.map((messages) => Buffer.from(messages.framed()))).toEqual([three.framed(), three.framed()]);
  expect(together[0]).toBe(together[1]);
});
