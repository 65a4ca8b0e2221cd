import type { Duplex } from "node:stream";
import { type Clock, errorText, GrpcCode, type Timer } from "../../base/index.js";
import { ClientConnection, type Field } from "../../http2/index.js";
import { AttemptError, type LinkState } from "../transport.js";

/** A connected socket. Sockets in memory lack the two methods. */
export type ChannelSocket = Duplex & { ref?(): unknown; unref?(): unknown };

export interface ChannelConfig {
  readonly endpoint: string;
  /** Connects. Aborting the signal gives up. */
  readonly dial: (signal: AbortSignal) => Promise<ChannelSocket>;
  readonly clock: Clock;
  /** Fields that nearly all requests contain. */
  readonly frequentFields: readonly Field[];
  /** Longest wait for a connection, until the server has sent its HTTP/2 settings. */
  readonly dialTimeoutMs: number;
  /** Interval of pings on a connection with calls from which nothing comes; undefined for no pings. */
  readonly keepAliveTimeMs: number | undefined;
  readonly keepAliveTimeoutMs: number;
  /** Whether to ping without calls, too. */
  readonly keepAliveWithoutCalls: boolean;
}

/** The most bytes of an answer's fields. */
const fieldBytesMax = 64 * 1024;
/** Pauses between attempts to connect: the first, which grows with each failure, and the longest. */
const backoffMs = { first: 100, factor: 1.6, longest: 2_000 };

/** The states of a channel. A failed one may dial again once its pause is over. */
type State =
  | { readonly kind: "idle" }
  | { readonly kind: "dialing"; readonly connection: Promise<ClientConnection>; readonly giveUp: () => void }
  | { readonly kind: "open"; readonly connection: ClientConnection; readonly socket: ChannelSocket }
  | { readonly kind: "failed"; readonly error: AttemptError; readonly until: number }
  | { readonly kind: "closed" };

/** The connection to one endpoint, which is opened when a call needs it and opened again after it broke. */
export class Channel {
  readonly #config: ChannelConfig;
  #state: State = { kind: "idle" };
  /** Failed attempts to connect in a row. */
  #failures = 0;
  #calls = 0;
  #keepAlive: Timer | undefined;
  /** Connections that finish their calls while new calls use another one. */
  readonly #leaving = new Set<ClientConnection>();

  constructor(config: ChannelConfig) {
    this.#config = config;
  }

  get state(): LinkState {
    switch (this.#state.kind) {
      case "open":
        return "connected";
      case "failed":
        return this.#config.clock.now() < this.#state.until ? "failed" : "unknown";
      default:
        return "unknown";
    }
  }

  /** The open connection, if there is one. */
  get connection(): ClientConnection | undefined {
    return this.#state.kind === "open" ? this.#state.connection : undefined;
  }

  /** Waits for a connection; while the endpoint has failed lately, its error is thrown at once. @throws AttemptError */
  connected(): Promise<ClientConnection> {
    const state = this.#state;
    switch (state.kind) {
      case "open":
        return Promise.resolve(state.connection);
      case "dialing":
        return state.connection;
      case "failed":
        if (this.#config.clock.now() < state.until) return Promise.reject(state.error);
        return this.#dial();
      case "idle":
        return this.#dial();
      case "closed":
        return Promise.reject(new AttemptError(GrpcCode.Canceled, "context canceled", this.#config.endpoint, true));
    }
  }

  /** A call begins. While there are calls, the connection keeps the process running, and pings watch over it. */
  callBegins(): void {
    if (this.#calls++ > 0) return;
    if (this.#state.kind === "open") this.#state.socket.ref?.();
    this.#watch();
  }

  callEnds(): void {
    if (--this.#calls > 0) return;
    if (this.#state.kind === "open") this.#state.socket.unref?.();
    if (this.#config.keepAliveWithoutCalls) return;
    this.#keepAlive?.cancel();
    this.#keepAlive = undefined;
  }

  close(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    this.#keepAlive?.cancel();
    if (state.kind === "dialing") state.giveUp();
    if (state.kind === "open") state.connection.close("the client is closed");
    for (const connection of this.#leaving) connection.close("the client is closed");
  }

  #dial(): Promise<ClientConnection> {
    const stop = new AbortController();
    const connection = this.#connect(stop).catch((error) => {
      throw this.#failed(error);
    });
    // Every caller gets the error. When the channel is closed meanwhile, there may be none.
    connection.catch(() => undefined);
    this.#state = { kind: "dialing", connection, giveUp: () => stop.abort() };
    return connection;
  }

  async #connect(stop: AbortController): Promise<ClientConnection> {
    const { clock, dial, dialTimeoutMs, frequentFields, endpoint } = this.#config;
    let timedOut = false;
    const timer = clock.after(dialTimeoutMs, () => {
      timedOut = true;
      stop.abort();
    });
    try {
      const socket = await dial(stop.signal);
      return await new Promise((resolve, reject) => {
        let opened = false;
        const connection: ClientConnection = new ClientConnection(socket, {
          fieldBytesMax,
          frequentFields,
          onOpen: () => {
            opened = true;
            this.#opened(connection, socket);
            resolve(connection);
          },
          onLeaving: () => this.#lost(connection, true),
          onClosed: (reason) => {
            if (opened) this.#lost(connection, false);
            else reject(new Error(reason));
          },
        });
        const giveUp = (): void => connection.destroy("given up");
        if (stop.signal.aborted) giveUp();
        else stop.signal.addEventListener("abort", () => opened || giveUp(), { once: true });
      });
    } catch (error) {
      throw timedOut ? new Error(`no answer from ${endpoint}`) : error;
    } finally {
      timer.cancel();
    }
  }

  #opened(connection: ClientConnection, socket: ChannelSocket): void {
    if (this.#state.kind !== "dialing") {
      connection.close("the client is closed");
      return;
    }
    this.#failures = 0;
    this.#state = { kind: "open", connection, socket };
    if (this.#calls === 0) socket.unref?.();
    this.#watch();
  }

  #failed(cause: unknown): AttemptError {
    const { endpoint, clock } = this.#config;
    if (this.#state.kind !== "dialing") return new AttemptError(GrpcCode.Canceled, "context canceled", endpoint, true);
    const error = new AttemptError(GrpcCode.Unavailable, `connection error: ${reasonOf(cause)}`, endpoint, true);
    const pause = Math.min(backoffMs.first * backoffMs.factor ** this.#failures, backoffMs.longest);
    this.#failures++;
    this.#state = { kind: "failed", error, until: clock.now() + pause };
    return error;
  }

  /** A connection takes no more calls: it is `leaving`, or broken. The next call opens another one. */
  #lost(connection: ClientConnection, leaving: boolean): void {
    if (leaving) this.#leaving.add(connection);
    else this.#leaving.delete(connection);
    if (this.#state.kind !== "open" || this.#state.connection !== connection) return;
    this.#state = { kind: "idle" };
    this.#keepAlive?.cancel();
    this.#keepAlive = undefined;
  }

  /** Pings the server when nothing came from it for a while, and gives the connection up without an answer. */
  #watch(): void {
    const { clock, keepAliveTimeMs, keepAliveTimeoutMs, keepAliveWithoutCalls } = this.#config;
    const { connection } = this;
    if (connection === undefined || keepAliveTimeMs === undefined) return;
    if (this.#calls === 0 && !keepAliveWithoutCalls) return;
    this.#keepAlive?.cancel();
    const { framesRead } = connection;
    this.#keepAlive = clock.after(keepAliveTimeMs, () => {
      if (connection.framesRead !== framesRead) {
        this.#watch();
        return;
      }
      connection.ping();
      this.#keepAlive = clock.after(keepAliveTimeoutMs, () => {
        if (connection.framesRead !== framesRead) this.#watch();
        else connection.destroy("keepalive ping failed to receive ACK within timeout");
      });
    });
  }
}

/** The text of an error; when several addresses were tried, that of each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join(", ");
  return errorText(error);
}
