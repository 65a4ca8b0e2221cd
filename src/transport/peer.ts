import type { ServerResponse } from "node:http";
import type { Message } from "../raft/index.js";
import { refusalOfMessage } from "./admission.js";
import { type Link, peerFields } from "./link.js";
import { Pipeline } from "./pipeline.js";
import type { StreamKind } from "./stream-codec.js";
import { StreamReader } from "./stream-reader.js";
import { StreamWriter } from "./stream-writer.js";

/** The most messages of one peer that raft has not finished with; further ones are dropped. */
const pendingMax = 4096;
/** The least time between two log lines about such messages: a peer that sends one sends many. */
const complaintIntervalMs = 1_000;

/** The connections to one member of the cluster: streams in both directions, and posts while there is no stream. */
export class Peer {
  readonly #link: Link;
  readonly #pipeline: Pipeline;
  readonly #writers: Readonly<Record<StreamKind, StreamWriter>>;
  readonly #readers: readonly StreamReader[];
  #pending = 0;
  #complainedAt = Number.NEGATIVE_INFINITY;
  /** Messages are being dropped. This is logged once, until a message is accepted again. */
  #dropping = false;

  constructor(link: Link) {
    this.#link = link;
    this.#pipeline = new Pipeline(link);
    this.#writers = { msgapp: new StreamWriter("msgapp", link), message: new StreamWriter("message", link) };
    const receive = (message: Message): void => this.#receive(message);
    this.#readers = [new StreamReader("msgapp", link, receive), new StreamReader("message", link, receive)];
  }

  get link(): Link {
    return this.#link;
  }

  start(): void {
    for (const reader of this.#readers) reader.start();
  }

  /** Accepts a message; messages for a stream are written by `flush`. */
  send(message: Message): void {
    const taken = this.#choose(message).offer(message);
    if (!taken) this.#dropped(message);
    else this.#dropping = false;
  }

  flush(): void {
    this.#writers.msgapp.flush();
    this.#writers.message.flush();
  }

  /** Sends messages in `response` from now on, the answer to the peer's request for a stream. */
  attach(kind: StreamKind, response: ServerResponse): void {
    this.#writers[kind].attach(response);
  }

  stop(): void {
    for (const reader of this.#readers) reader.stop();
    this.#writers.msgapp.stop();
    this.#writers.message.stop();
    this.#pipeline.stop();
    this.#link.status.end();
  }

  #choose({ type }: Message): StreamWriter | Pipeline {
    const { msgapp, message } = this.#writers;
    if (type === "MsgApp" && msgapp.connected) return msgapp;
    return message.connected ? message : this.#pipeline;
  }

  #dropped({ type }: Message): void {
    const { id, config, counters } = this.#link;
    counters.sentFailures++;
    if (!this.#dropping) {
      const fields = { ...peerFields(this.#link), "message-type": type };
      config.logger.warn("dropped internal Raft message since sending buffer is full (overloaded network)", fields);
    }
    this.#dropping = true;
    config.raft.reportUnreachable(id);
  }

  #receive(message: Message): void {
    const { config, counters } = this.#link;
    const refusal = message.type === "MsgSnap" ? bareSnapshot : refusalOfMessage(message, config)?.text;
    if (refusal !== undefined || this.#pending >= pendingMax) {
      counters.receivedFailures++;
      this.#complain(message, refusal ?? "too many messages of this peer are waiting for raft");
      return;
    }
    try {
      const done = config.raft.process(message);
      if (done !== undefined) this.#wait(message, done);
    } catch (error) {
      this.#complain(message, String(error));
    }
  }

  #wait(message: Message, done: Promise<void>): void {
    this.#pending++;
    const finish = (): void => {
      this.#pending--;
    };
    done.then(finish, (error: unknown) => {
      finish();
      this.#complain(message, String(error));
    });
  }

  #complain({ type }: Message, error: string): void {
    const now = this.#link.config.clock.now();
    if (now < this.#complainedAt + complaintIntervalMs) return;
    this.#complainedAt = now;
    const fields = { ...peerFields(this.#link), "message-type": type, error };
    this.#link.config.logger.warn("failed to process a raft message from a peer", fields);
  }
}

/** Text of the refusal of a MsgSnap without a database: its metadata alone would leave this member without the keys. */
export const bareSnapshot = "a snapshot travels with its database";
