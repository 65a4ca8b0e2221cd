import type { IncomingMessage, ServerResponse } from "node:http";
import { asError, errorText, type MemberId } from "../base/index.js";
import { idText } from "../cluster/index.js";
import type { Message } from "../raft/index.js";
import { type Refusal, refusalOfMessage } from "./admission.js";
import type { SnapshotPart, TransportConfig } from "./config.js";
import type { PeerCounters } from "./counters.js";
import { IncomingSnapshot } from "./incoming-snapshot.js";
import { decodeMessage } from "./message-codec.js";
import { bareSnapshot, type Peer } from "./peer.js";
import {
  abilityOf,
  clusterIdHeader,
  header,
  isTransfer,
  parseId,
  partOf,
  peerUrlsOf,
  raftToHeader,
  refusalOf,
  senderOf,
  serverVersionHeader,
  transferHeader,
} from "./peer-headers.js";
import { snapshotPaths } from "./peer-paths.js";
import { probeText, probingPath } from "./prober.js";
import { allow, answer, BodyBudget, pathOf, refuse } from "./responses.js";
import { SignsOfWork } from "./signs-of-work.js";
import type { StreamKind } from "./stream-codec.js";

/** The most bytes of a posted message; a larger one has to wait for the stream. */
const postedBytesMax = 64 * 1024 * 1024;
/** The most bytes of all posts that are being read at once. */
const budgetBytes = 256 * 1024 * 1024;
/** The most snapshots received at once: an old and a new leader may each send one. */
const snapshotsMax = 4;

/** The peers that this member knows. */
export interface KnownPeers {
  peer(id: MemberId): Peer | undefined;
  addRemote(id: MemberId, urls: readonly string[]): void;
  /** Counters of a peer or remote; undefined for any other id. */
  counters(id: bigint): PeerCounters | undefined;
}

/** Answers the requests of peers about raft: `/raft` and all paths below it. */
export class RaftHandler {
  readonly #config: TransportConfig;
  readonly #known: KnownPeers;
  readonly #budget = new BodyBudget(budgetBytes);
  #snapshots = 0;

  constructor(config: TransportConfig, known: KnownPeers) {
    this.#config = config;
    this.#known = known;
  }

  /** Answers a request; returns false when its path belongs to another handler. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request);
    if (path === probingPath) {
      answer(response, "text/plain; charset=utf-8", probeText(this.#config.clock.wallTime()));
    } else if (path === "/raft") this.#run(response, this.#post(request, response));
    else if (path === snapshotPaths.post) this.#run(response, this.#snapshot(request, response));
    else if (path === snapshotPaths.kept) this.#run(response, this.#kept(request, response));
    else if (path.startsWith(streamPrefix)) this.#stream(path, request, response);
    else if (path.startsWith("/raft/")) refuse(response, 404, "404 page not found");
    else return false;
    return true;
  }

  #run(response: ServerResponse, answered: Promise<void>): void {
    answered.catch((error: unknown) => {
      this.#config.logger.error("failed to handle a request of a peer", { error: String(error) });
      refuse(response, 500, "Internal Server Error");
    });
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("POST", request, response) || !this.#isCompatible(request, response)) return;
    this.#addSender(request);
    const body = await this.#budget.read(request, postedBytesMax);
    if (typeof body === "string") {
      this.#warn(
        "failed to read Raft message",
        body === "broken" ? "the connection closed early" : "the body is too large",
      );
      refuse(response, body === "broken" ? 400 : 413, "error reading raft message");
      return;
    }
    const message = decoded(body);
    if (message instanceof Error) {
      this.#warn("failed to unmarshal Raft message", message);
      refuse(response, 400, "error unmarshalling raft message");
      return;
    }
    const counters = this.#known.counters(message.from);
    if (counters !== undefined) counters.receivedBytes += body.byteLength;
    const refusal = message.type === "MsgSnap" ? withoutDatabase : refusalOfMessage(message, this.#config);
    if (refusal !== undefined) {
      if (counters !== undefined) counters.receivedFailures++;
      refuseMessage(response, refusal);
      return;
    }
    try {
      await this.#config.raft.process(message);
      response.writeHead(204).end();
    } catch (error) {
      this.#warn("failed to process Raft message", error);
      response.setHeader("Connection", "close");
      refuse(response, 500, "error processing raft message");
    }
  }

  #stream(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (!allow("GET", request, response)) return;
    const config = this.#config;
    response.setHeader(serverVersionHeader, config.serverVersion);
    if (!this.#isCompatible(request, response)) return;
    const [kind = "", id = "", ...more] = path.slice(streamPrefix.length).split("/");
    if (!isStreamKind(kind) || more.length > 0) {
      refuse(response, 404, "invalid path");
      return;
    }
    const from = parseId(id);
    if (from === undefined) {
      refuse(response, 404, "invalid from");
    } else if (config.raft.isIdRemoved(from)) {
      this.#refused("rejected stream from remote peer because it was removed", id);
      refuse(response, 410, "removed member");
    } else this.#attach(kind, from, request, response);
  }

  #attach(kind: StreamKind, from: MemberId, request: IncomingMessage, response: ServerResponse): void {
    const peer = this.#known.peer(from);
    if (peer === undefined) {
      // The sender may have joined after the last entry that this member has: add it, so that answers can reach it.
      const urls = peerUrlsOf(request.headers);
      if (urls.length > 0) this.#known.addRemote(from, urls);
      this.#refused("failed to find remote peer in cluster", idText(from));
      refuse(response, 404, "error sender not found");
    } else if (header(request.headers, raftToHeader) !== idText(this.#config.memberId)) {
      this.#refused("ignored streaming request; ID mismatch", idText(from));
      refuse(response, 412, "to field mismatch");
    } else {
      request.socket.setNoDelay(true);
      response.writeHead(200);
      response.flushHeaders();
      peer.attach(kind, response);
    }
  }

  async #snapshot(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("POST", request, response) || !this.#isCompatible(request, response)) return;
    this.#addSender(request);
    if (this.#snapshots >= snapshotsMax) {
      refuse(response, 503, "too many snapshots are being received");
      return;
    }
    const part = partOf(request.headers);
    const { parts, clock } = this.#config;
    if (part === undefined || (parts === undefined && (part.form !== "file" || part.transfer !== undefined))) {
      refuse(response, 400, "the form of the snapshot is unknown");
      return;
    }
    this.#snapshots++;
    const signs = new SignsOfWork(response, clock, part.transfer !== undefined);
    try {
      await this.#receive(new IncomingSnapshot(request, clock), { ...part, progress: () => signs.add() }, response);
    } finally {
      this.#snapshots--;
      signs.end();
    }
  }

  /** Answers how many bytes this member has of a transfer whose connection broke. */
  async #kept(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("GET", request, response) || !this.#isCompatible(request, response)) return;
    const transfer = header(request.headers, transferHeader) ?? "";
    const { parts } = this.#config;
    if (parts === undefined || !isTransfer(transfer)) {
      refuse(response, 404, "404 page not found");
      return;
    }
    const bytes = await parts.kept(transfer);
    if (bytes === undefined) refuse(response, 503, "the snapshot is still being received");
    else answer(response, "text/plain; charset=utf-8", String(bytes));
  }

  async #receive(incoming: IncomingSnapshot, part: SnapshotPart, response: ServerResponse): Promise<void> {
    const message = await incoming.message().catch(asError);
    if (message instanceof Error) {
      this.#warn("failed to decode Raft message", message);
      refuse(response, 400, `failed to decode raft message (${message.message})`);
      return;
    }
    const refusal = message.type === "MsgSnap" ? refusalOfMessage(message, this.#config) : wrongType;
    if (refusal !== undefined) {
      refuseMessage(response, refusal);
      return;
    }
    const { clock, logger } = this.#config;
    const fields = { "remote-peer-id": message.from.toString(16), "snapshot-index": message.snapshot?.metadata.index };
    logger.info("receiving database snapshot", fields);
    const startedAt = clock.now();
    const counters = this.#known.counters(message.from);
    if (counters !== undefined) counters.snapshotsReceived.underWay++;
    const failure = await this.#take(message, incoming, part);
    if (counters !== undefined) {
      counters.snapshotsReceived.underWay--;
      counters.receivedBytes += incoming.received;
      if (failure === undefined) {
        counters.snapshotsReceived.succeeded++;
        counters.snapshotsReceived.seconds.observe((clock.now() - startedAt) / 1000);
      } else counters.snapshotsReceived.failed++;
    }
    if (failure === undefined) {
      logger.info("received and saved database snapshot", { ...fields, bytes: incoming.received });
      response.writeHead(204).end();
    } else {
      logger.warn("failed to save incoming database snapshot", { ...fields, error: failure });
      refuse(response, 500, failure);
    }
  }

  /** Stores the database, then gives raft the message. @returns what failed; undefined when nothing did */
  async #take(message: Message, incoming: IncomingSnapshot, part: SnapshotPart): Promise<string | undefined> {
    try {
      await this.#config.snapshotSink(message, incoming.body(), part);
    } catch (error) {
      return `failed to save KV snapshot (${errorText(error)})`;
    }
    try {
      await this.#config.raft.process(message);
    } catch (error) {
      return `failed to process raft message (${errorText(error)})`;
    }
    return undefined;
  }

  #isCompatible(request: IncomingMessage, response: ServerResponse): boolean {
    response.setHeader(clusterIdHeader, idText(this.#config.clusterId));
    const text = refusalOf(request.headers, this.#config);
    if (text !== undefined) refuse(response, 412, text);
    else this.#noteAbility(request);
    return text === undefined;
  }

  /** Notes what the sender takes. It may be another release than before. */
  #noteAbility(request: IncomingMessage): void {
    const ability = abilityOf(request.headers);
    const link = ability && this.#known.peer(ability.id)?.link;
    if (ability !== undefined && link !== undefined) link.takes = ability.takes;
  }

  #addSender(request: IncomingMessage): void {
    const sender = senderOf(request.headers);
    if (sender !== undefined) this.#known.addRemote(sender.id, sender.urls);
  }

  #refused(what: string, id: string): void {
    const { logger, memberId } = this.#config;
    logger.warn(what, { "local-member-id": idText(memberId), "remote-peer-id-from": id });
  }

  #warn(what: string, reason: unknown): void {
    this.#config.logger.warn(what, { error: errorText(reason) });
  }
}

const streamPrefix = "/raft/stream/";
const withoutDatabase: Refusal = { status: 400, text: bareSnapshot };
const wrongType: Refusal = { status: 400, text: "wrong raft message type" };

function isStreamKind(text: string): text is StreamKind {
  return text === "msgapp" || text === "message";
}

/** A refusal by the member, unlike one by the protocol, is sent as JSON. */
function refuseMessage(response: ServerResponse, { status, text }: Refusal): void {
  if (status === 400) {
    refuse(response, status, text);
    return;
  }
  response.statusCode = status;
  if (!response.req.complete) response.setHeader("Connection", "close");
  answer(response, "application/json", JSON.stringify({ message: text }));
}

function decoded(body: Uint8Array): Message | Error {
  try {
    return decodeMessage(body);
  } catch (error) {
    return asError(error);
  }
}
