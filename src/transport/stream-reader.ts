import type { ClientRequest, IncomingMessage } from "node:http";
import { asError, assert, type Timer } from "../base/index.js";
import { idText } from "../cluster/index.js";
import type { Message } from "../raft/index.js";
import { readBody } from "./dialer.js";
import { type Link, mismatchOf, peerFields, RemovedError, refusalBytesMax, streamNames } from "./link.js";
import { MsgAppDecoder } from "./msgapp-codec.js";
import { ownHeaders, raftToHeader } from "./peer-headers.js";
import { MessageDecoder, type StreamDecoder, type StreamKind } from "./stream-codec.js";

/** The least time between two attempts to connect: several attempts fit into one heartbeat interval of raft. */
const dialIntervalMs = 100;
/** The most different reasons of failed attempts that are logged. */
const failuresMax = 16;

/** One attempt to get the stream, from the request to the end of its answer. */
interface Attempt {
  readonly request: ClientRequest;
  readonly url: string;
  readonly startedAt: number;
  heardAt: number;
  silence: Timer | undefined;
  connected: boolean;
  ended: boolean;
}

/**
 * Reads one of the two streams from a peer: requests it, reads it, and requests it again whenever it breaks. A stream
 * that is silent for longer than heartbeats of the link allow counts as broken, too.
 */
export class StreamReader {
  readonly #kind: StreamKind;
  readonly #link: Link;
  readonly #receive: (message: Message) => void;
  #attempt: Attempt | undefined;
  #redial: Timer | undefined;
  #stopped = false;
  /** Reasons why attempts failed since the last connection. Each is logged only once. */
  readonly #failures = new Set<string>();

  constructor(kind: StreamKind, link: Link, receive: (message: Message) => void) {
    this.#kind = kind;
    this.#link = link;
    this.#receive = receive;
  }

  start(): void {
    assert(this.#attempt === undefined && !this.#stopped, "a stream is started once");
    this.#dial();
  }

  stop(): void {
    this.#stopped = true;
    this.#redial?.cancel();
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    attempt.ended = true;
    attempt.silence?.cancel();
    attempt.request.destroy();
  }

  #dial(): void {
    const { config, dialer, urls, id } = this.#link;
    const url = urls.pick();
    const path = `/raft/stream/${this.#kind}/${idText(config.memberId)}`;
    const request = dialer.open("GET", url, path, { ...ownHeaders(config), [raftToHeader]: idText(id) });
    const now = config.clock.now();
    const attempt: Attempt = {
      ...{ request, url, startedAt: now, heardAt: now },
      ...{ silence: undefined, connected: false, ended: false },
    };
    this.#attempt = attempt;
    this.#watch(attempt, config.readTimeoutMs);
    request.on("error", (error) => this.#failed(attempt, error));
    request.once("close", () => this.#failed(attempt, new Error("the connection was closed")));
    request.once("response", (response) => this.#answered(attempt, response));
    request.end();
  }

  /** Ends the attempt when nothing is received for `delayMs`. */
  #watch(attempt: Attempt, delayMs: number): void {
    const { clock, readTimeoutMs } = this.#link.config;
    attempt.silence = clock.after(delayMs, () => {
      const left = attempt.heardAt + readTimeoutMs - clock.now();
      if (left > 0) this.#watch(attempt, left);
      else this.#failed(attempt, new Error(`received nothing for ${readTimeoutMs} ms`));
    });
  }

  #answered(attempt: Attempt, response: IncomingMessage): void {
    if (attempt.ended) return;
    attempt.heardAt = this.#link.config.clock.now();
    if (response.statusCode === 200) {
      this.#connected(attempt, response);
      return;
    }
    readBody(response, refusalBytesMax).then(
      (body) => this.#failed(attempt, this.#refusal(response.statusCode ?? 0, body.toString())),
      (error: Error) => this.#failed(attempt, error),
    );
  }

  #connected(attempt: Attempt, response: IncomingMessage): void {
    const { config, status, counters, id } = this.#link;
    const { clock, logger, memberId } = config;
    attempt.connected = true;
    this.#failures.clear();
    status.activate();
    logger.info("established TCP streaming connection with remote peer", this.#fields());
    const decoder: StreamDecoder = this.#kind === "msgapp" ? new MsgAppDecoder(memberId, id) : new MessageDecoder();
    response.on("data", (chunk: Buffer) => {
      if (attempt.ended) return;
      attempt.heardAt = clock.now();
      counters.receivedBytes += chunk.byteLength;
      try {
        decoder.decode(chunk, this.#receive);
      } catch (error) {
        counters.receivedFailures++;
        this.#failed(attempt, asError(error));
      }
    });
    response.on("error", (error) => this.#failed(attempt, error));
    response.once("end", () => this.#ended(attempt));
  }

  #refusal(statusCode: number, text: string): Error {
    switch (statusCode) {
      case 404:
        return new Error("the peer does not know this member");
      case 410:
        this.#link.config.onRemoved();
        return new RemovedError();
      case 412:
        return mismatchOf(text);
      default:
        return new Error(`the peer answered with status ${statusCode}`);
    }
  }

  /** The peer closed the stream properly: it is stopping, or has opened a newer stream to this member. */
  #ended(attempt: Attempt): void {
    if (attempt.ended) return;
    const fields = { ...this.#fields(), error: "EOF" };
    this.#link.config.logger.warn("lost TCP streaming connection with remote peer", fields);
    this.#finish(attempt);
  }

  #failed(attempt: Attempt, error: Error): void {
    if (attempt.ended) return;
    const { status, urls, config } = this.#link;
    if (!attempt.connected) urls.unreachable(attempt.url);
    status.deactivate(`${attempt.connected ? "read" : "dial"} stream ${this.#kind}`, error.message);
    const fields = { ...this.#fields(), url: attempt.url, error: error.message };
    if (attempt.connected) config.logger.warn("lost TCP streaming connection with remote peer", fields);
    else if (!this.#failures.has(error.message) && this.#failures.size < failuresMax) {
      config.logger.warn("cannot open a stream from a peer", fields);
      this.#failures.add(error.message);
    }
    this.#finish(attempt);
  }

  #finish(attempt: Attempt): void {
    attempt.ended = true;
    attempt.silence?.cancel();
    attempt.request.destroy();
    // The owner, told of the failure, may have stopped this reader.
    if (this.#stopped) return;
    const { clock } = this.#link.config;
    const delayMs = Math.max(0, attempt.startedAt + dialIntervalMs - clock.now());
    this.#redial = clock.after(delayMs, () => this.#dial());
  }

  #fields(): Readonly<Record<string, string>> {
    return { "stream-reader-type": streamNames[this.#kind], ...peerFields(this.#link) };
  }
}
