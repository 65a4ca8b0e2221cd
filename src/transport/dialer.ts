import { Agent, type AgentOptions, type ClientRequest, type IncomingMessage, request } from "node:http";
import { Agent as SecureAgent } from "node:https";
import type { Clock } from "../base/index.js";
import { peerAddress } from "./peer-address.js";

/**
 * An idle connection is closed after this time, before the peer might close it: etcd's members do after five seconds.
 */
const idleMsMax = 3_000;

/** A peer could not be reached, or answered as no member does. */
export class PeerError extends Error {
  override readonly name = "PeerError";
}

export interface DialerConfig {
  readonly clock: Clock;
  /** How long it may take to open a connection; etcd gives a peer one second plus an election timeout. */
  readonly dialTimeoutMs: number;
  /** Creates the agent that opens connections of one kind; Node's own agents by default. */
  readonly newAgent?: (protocol: Protocol, options: AgentOptions) => Agent;
}

export type Protocol = "http:" | "https:";

export type Headers = Readonly<Record<string, string | number>>;

/** Opens requests to members. A connection that has become free serves the next request. */
export class Dialer {
  readonly #config: DialerConfig;
  readonly #agents: Readonly<Record<Protocol, Agent>>;

  constructor(config: DialerConfig) {
    this.#config = config;
    const { newAgent = plainAgent } = config;
    const options = { keepAlive: true, timeout: idleMsMax, noDelay: true };
    this.#agents = { "http:": newAgent("http:", options), "https:": newAgent("https:", options) };
  }

  /**
   * Opens a request whose head is sent with the first byte of its body, or with `end`. The caller must add an `error`
   * listener: without one, a failure would end the process.
   *
   * @throws PeerError when no connection can be opened to such a URL
   */
  open(method: "GET" | "POST", url: string, path: string, headers: Headers): ClientRequest {
    const address = peerAddress(url);
    if (address === undefined) throw new PeerError(`cannot connect to the peer URL ${url}`);
    const { secure, host: hostname } = address;
    const protocol = secure ? "https:" : "http:";
    const target = address.kind === "tcp" ? { port: address.port } : { socketPath: address.socketPath };
    const opened = request({ agent: this.#agents[protocol], protocol, hostname, ...target, method, path, headers });
    opened.once("socket", (socket) => {
      if (!socket.connecting) return;
      const { clock, dialTimeoutMs } = this.#config;
      const deadline = clock.after(dialTimeoutMs, () => opened.destroy(new PeerError("dial timeout")));
      socket.once(secure ? "secureConnect" : "connect", () => deadline.cancel());
      socket.once("close", () => deadline.cancel());
    });
    return opened;
  }

  /** Closes every connection. */
  stop(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

function plainAgent(protocol: Protocol, options: AgentOptions): Agent {
  return protocol === "https:" ? new SecureAgent(options) : new Agent(options);
}

/** The answer to a request that has been sent; rejects when the connection fails or closes first. */
export function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
    request.once("close", () => reject(new PeerError("the connection was closed without an answer")));
  });
}

/** @throws PeerError when the body is longer than `bytesMax`; the connection's error when it broke before the end */
export async function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.byteLength;
    if (length > bytesMax) throw new PeerError(`the body is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
