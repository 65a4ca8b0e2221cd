import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type ClusterId, type MemberId, silentLogger, systemClock } from "../../src/base/index.js";
import type { Message } from "../../src/raft/index.js";
import { type SnapshotSink, Transport, type TransportConfig } from "../../src/transport/index.js";

export interface TestMemberOptions extends Partial<TransportConfig> {
  readonly port?: number;
  /** A socket file to listen on instead of a port. */
  readonly socketPath?: string;
  /** Answers requests that the transport does not answer. */
  readonly others?: RequestListener;
}

/** A transport on a port, with a raft that records its messages. */
export class TestMember {
  readonly id: MemberId;
  readonly received: Message[] = [];
  /** The reported events, such as "unreachable 2", "snapshot 2 finish" or "removed". */
  readonly events: string[] = [];
  /** The received requests in order, such as "POST /raft". */
  readonly requests: string[] = [];
  readonly sockets = new Set<Socket>();
  /** A function that is called with each message, before waiters for the message go on. */
  onMessage: (message: Message) => Promise<void> | void = () => undefined;
  /** A function that is called with each request. */
  onRequest: (request: IncomingMessage) => void = () => undefined;
  removedIds: readonly bigint[] = [];
  #transport: Transport | undefined;
  readonly #server: Server;
  #waiting: { readonly condition: () => boolean; readonly done: () => void }[] = [];

  private constructor(id: MemberId, { others = notFound }: TestMemberOptions) {
    this.id = id;
    this.#server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      this.onRequest(request);
      this.#look();
      if (!this.transport.handler(request, response)) others(request, response);
    });
    this.#server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
  }

  static async start(id: bigint, options: TestMemberOptions = {}): Promise<TestMember> {
    const member = new TestMember(id as MemberId, options);
    if (options.socketPath !== undefined) member.#server.listen(options.socketPath);
    else member.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(member.#server, "listening");
    member.#transport = new Transport({ ...member.#defaults(), ...options });
    return member;
  }

  get transport(): Transport {
    if (this.#transport === undefined) throw new Error("the member has started");
    return this.#transport;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  get url(): string {
    const address = this.#server.address();
    return typeof address === "string" ? `unix://${address}` : `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when the condition holds. It is checked at each event and every few milliseconds. */
  async until(condition: () => boolean): Promise<void> {
    const looking = setInterval(() => this.#look(), 5);
    await new Promise<void>((done) => {
      this.#waiting.push({ condition, done });
      this.#look();
    });
    clearInterval(looking);
  }

  /** Resolves with the first message of a type at index `after` or later. */
  async message(type: Message["type"], after = 0): Promise<Message> {
    const find = (): Message | undefined => this.received.slice(after).find((message) => message.type === type);
    await this.until(() => find() !== undefined);
    const found = find();
    if (found === undefined) throw new Error("the message was there a moment ago");
    return found;
  }

  /** Resolves when streams of both kinds are open in both directions. */
  async connected(to: TestMember): Promise<void> {
    const streams = (member: TestMember): number =>
      member.requests.filter((request) => request.startsWith("GET /raft/stream/")).length;
    await this.until(() => streams(this) >= 2);
    await to.until(() => streams(to) >= 2);
  }

  /** Cuts all connections that peers have opened. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    await this.transport.stop();
    this.cut();
    this.#server.close();
  }

  #defaults(): TransportConfig {
    const snapshotSink: SnapshotSink = async (_, body) => {
      for await (const chunk of body) this.#happened(`snapshot of ${chunk.byteLength > 0 ? "bytes" : "nothing"}`);
    };
    return {
      clock: systemClock,
      logger: silentLogger,
      memberId: this.id,
      clusterId: 0xc1n as ClusterId,
      peerUrls: [this.url],
      serverVersion: "3.5.30",
      minClusterVersion: "3.0.0",
      raft: {
        process: (message) => {
          this.received.push(message);
          const done = this.onMessage(message);
          this.#look();
          return done;
        },
        isIdRemoved: (id) => this.removedIds.includes(id),
        reportUnreachable: (id) => this.#happened(`unreachable ${id}`),
        reportSnapshot: (id, outcome) => this.#happened(`snapshot ${id} ${outcome}`),
      },
      snapshotSink,
      onRemoved: () => this.#happened("removed"),
      dialTimeoutMs: 1_000,
      readTimeoutMs: 5_000,
      writeTimeoutMs: 5_000,
    };
  }

  #happened(event: string): void {
    this.events.push(event);
    this.#look();
  }

  #look(): void {
    const over = this.#waiting.filter(({ condition }) => condition());
    this.#waiting = this.#waiting.filter((waiting) => !over.includes(waiting));
    for (const { done } of over) done();
  }
}

const notFound: RequestListener = (_, response) => {
  response.statusCode = 404;
  response.end();
};
