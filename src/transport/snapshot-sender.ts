import type { ClientRequest } from "node:http";
import { errorText } from "../base/index.js";
import type { OutgoingSnapshot } from "./config.js";
import { PeerError } from "./dialer.js";
import { type Link, peerFields, RemovedError } from "./link.js";
import { encodeMessage } from "./message-codec.js";
import { ownHeaders } from "./peer-headers.js";
import { checkAnswer } from "./pipeline.js";
import { uint64 } from "./stream-codec.js";

/** A peer that accepts no byte of a snapshot for this long is taken to hang. */
const stallMsMax = 30_000;
/** How long a peer may take to answer after the last byte, since it stores the snapshot first. */
const answerMsMax = 300_000;

/** Sends one snapshot to a peer, in one request: the length of the message, the message, then the database. */
export class SnapshotSender {
  readonly #link: Link;
  readonly #snapshot: OutgoingSnapshot;
  #request: ClientRequest | undefined;
  #stopped = false;

  constructor(link: Link, snapshot: OutgoingSnapshot) {
    this.#link = link;
    this.#snapshot = snapshot;
  }

  /** Resolves when the sending has ended, with or without success. */
  async send(): Promise<void> {
    const { id, config, urls, status, counters } = this.#link;
    const { clock, logger, raft } = config;
    const fields = {
      ...peerFields(this.#link),
      "snapshot-index": this.#snapshot.message.snapshot?.metadata.index,
      bytes: this.#snapshot.bodyBytes,
    };
    const url = urls.pick();
    const startedAt = clock.now();
    logger.info("sending database snapshot", fields);
    counters.snapshotsSent.underWay++;
    try {
      await this.#post(url);
      counters.snapshotsSent.succeeded++;
      counters.snapshotsSent.seconds.observe((clock.now() - startedAt) / 1000);
      status.activate();
      logger.info("sent database snapshot", fields);
      raft.reportSnapshot(id, "finish");
    } catch (error) {
      const reason = errorText(error);
      counters.snapshotsSent.failed++;
      counters.sentFailures++;
      logger.warn("failed to send database snapshot", { ...fields, error: reason });
      urls.unreachable(url);
      if (!this.#stopped) status.deactivate("post a snapshot", reason);
      raft.reportUnreachable(id);
      raft.reportSnapshot(id, "failure");
      if (error instanceof RemovedError) config.onRemoved();
    } finally {
      counters.snapshotsSent.underWay--;
      this.#snapshot.release();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#request?.destroy(new PeerError("the transport has stopped"));
  }

  async #post(url: string): Promise<void> {
    if (this.#stopped) throw new PeerError("the transport has stopped");
    const { config, dialer, counters } = this.#link;
    const { message, bodyBytes } = this.#snapshot;
    const encoded = encodeMessage(message);
    const head = Buffer.concat([uint64(encoded.byteLength), encoded]);
    const request = dialer.open("POST", url, "/raft/snapshot", {
      ...ownHeaders(config),
      "Content-Type": "application/octet-stream",
      "Content-Length": head.byteLength + bodyBytes,
    });
    this.#request = request;
    request.on("error", () => undefined);
    const answered = checkAnswer(request);
    // An answer before the last byte is a refusal. The writer then finds the request destroyed.
    answered.then(
      () => request.destroy(),
      () => request.destroy(),
    );
    try {
      await this.#write(request, head);
    } catch (error) {
      // The peer's answer explains better than `error` why the connection was closed.
      if (request.destroyed) await answered;
      request.destroy();
      throw error;
    }
    counters.sentBytes += head.byteLength + bodyBytes;
    const deadline = config.clock.after(answerMsMax, () =>
      request.destroy(new PeerError("the peer did not answer in time")),
    );
    try {
      await answered;
    } finally {
      deadline.cancel();
    }
  }

  /** Writes all bytes, as fast as the connection accepts them. */
  async #write(request: ClientRequest, head: Buffer): Promise<void> {
    await this.#writeChunk(request, head);
    let left = this.#snapshot.bodyBytes;
    for await (const chunk of this.#snapshot.body) {
      left -= chunk.byteLength;
      if (left < 0) break;
      await this.#writeChunk(request, chunk);
    }
    if (left !== 0) throw new PeerError("the database is not as long as was announced");
    request.end();
  }

  #writeChunk(request: ClientRequest, chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (request.destroyed) {
        reject(new PeerError("the connection was closed"));
        return;
      }
      if (request.write(chunk)) {
        resolve();
        return;
      }
      const { clock } = this.#link.config;
      const stalled = clock.after(stallMsMax, () =>
        request.destroy(new PeerError(`the peer accepted no data for ${stallMsMax / 1000} seconds`)),
      );
      const settle = (): void => {
        stalled.cancel();
        request.off("drain", settle);
        request.off("close", settle);
        if (request.destroyed) reject(new PeerError("the connection was closed"));
        else resolve();
      };
      request.on("drain", settle);
      request.on("close", settle);
    });
  }
}
