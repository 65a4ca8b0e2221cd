import { randomBytes } from "node:crypto";
import type { ClientRequest } from "node:http";
import { asError, errorText, type Timer } from "../base/index.js";
import type { OutgoingSnapshot } from "./config.js";
import { answerTo, PeerError, readBody } from "./dialer.js";
import { type Link, peerFields, RemovedError, refusalBytesMax } from "./link.js";
import { encodeMessage } from "./message-codec.js";
import { formHeader, fromHeader, ownHeaders, transferHeader } from "./peer-headers.js";
import { snapshotPaths } from "./peer-paths.js";
import { checkAnswer } from "./pipeline.js";
import { uint64 } from "./stream-codec.js";

/** A peer that accepts no byte of a snapshot for this long is taken to hang. */
const stallMsMax = 30_000;
/**
 * How long a peer may take after the last byte to answer, or to show that it still works: it stores the snapshot first.
 */
const answerMsMax = 300_000;
/** The time between two attempts to resume a transfer. */
const retryMs = 1_000;
/** The most attempts in a row to resume a transfer without that the peer has got any further. */
const retriesMax = 60;

/** The sending has ended for another reason than the connection, so that another attempt would end in the same way. */
class FinalError extends Error {
  override readonly name = "FinalError";
}

/**
 * Sends one snapshot to a peer, in one request: the length of the message, the message, then the database. When the
 * connection breaks, a peer that keeps what it has gets the rest in another request.
 */
export class SnapshotSender {
  readonly #link: Link;
  readonly #snapshot: OutgoingSnapshot;
  /** The name of the transfer; undefined when the peer cannot resume one. */
  readonly #transfer: string | undefined;
  #request: ClientRequest | undefined;
  #stopped = false;
  #wake: () => void = () => undefined;

  constructor(link: Link, snapshot: OutgoingSnapshot) {
    this.#link = link;
    this.#snapshot = snapshot;
    this.#transfer = link.takes === "file" ? undefined : randomBytes(8).toString("hex");
  }

  /** Resolves when the sending has ended, with or without success. */
  async send(): Promise<void> {
    const { id, config, status, counters } = this.#link;
    const { clock, logger, raft } = config;
    const fields = {
      ...peerFields(this.#link),
      "snapshot-index": this.#snapshot.message.snapshot?.metadata.index,
      bytes: this.#snapshot.bodyBytes,
      form: this.#snapshot.form,
    };
    const startedAt = clock.now();
    logger.info("sending database snapshot", fields);
    counters.snapshotsSent.underWay++;
    try {
      await this.#deliver(fields);
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
    this.#wake();
    this.#request?.destroy(new PeerError("the transport has stopped"));
  }

  /** Sends the database, and after a broken connection what the peer does not have yet. */
  async #deliver(fields: Readonly<Record<string, unknown>>): Promise<void> {
    let from = 0;
    let retries = 0;
    for (;;) {
      const url = this.#link.urls.pick();
      const failure = await this.#post(url, from).then(() => undefined, asError);
      if (failure === undefined) return;
      this.#link.urls.unreachable(url);
      if (this.#transfer === undefined || failure instanceof FinalError || failure instanceof RemovedError)
        throw failure;
      for (let kept: number | undefined; kept === undefined; ) {
        if (this.#stopped || retries === retriesMax) throw failure;
        retries++;
        await this.#pause();
        kept = await this.#askKept(this.#transfer, failure);
        if (kept === undefined) continue;
        if (kept > from) retries = 0;
        from = kept;
      }
      this.#link.config.logger.warn("resuming a database snapshot after a broken connection", {
        ...{ ...fields, "resumed-at": from, error: failure.message },
      });
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#link.config.clock.after(retryMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /**
   * How many bytes the peer has; undefined when it cannot be reached, or has not noticed yet that the connection broke.
   *
   * @throws the given failure when the peer cannot resume transfers any more
   */
  async #askKept(transfer: string, failure: Error): Promise<number | undefined> {
    if (this.#stopped) throw failure;
    const { config, dialer, urls } = this.#link;
    const url = urls.pick();
    try {
      const request = dialer.open("GET", url, snapshotPaths.kept, {
        ...ownHeaders(config),
        [transferHeader]: transfer,
      });
      this.#request = request;
      request.on("error", () => undefined);
      const deadline = config.clock.after(stallMsMax, () => request.destroy(new PeerError("the peer did not answer")));
      try {
        request.end();
        const answer = await answerTo(request);
        const text = (await readBody(answer, refusalBytesMax)).toString();
        if (answer.statusCode === 404) throw new FinalError(failure.message);
        return answer.statusCode === 200 && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
      } finally {
        deadline.cancel();
      }
    } catch (error) {
      if (error instanceof FinalError) throw failure;
      urls.unreachable(url);
      return undefined;
    }
  }

  /** @param from the place in the database of the first byte to send */
  async #post(url: string, from: number): Promise<void> {
    if (this.#stopped) throw new PeerError("the transport has stopped");
    const { config, dialer, counters } = this.#link;
    const { message, bodyBytes, form } = this.#snapshot;
    const rest = bodyBytes - from;
    if (rest < 0) throw new FinalError("the peer claims to have more bytes than the database");
    const body = this.#snapshot.body(from)[Symbol.asyncIterator]();
    // A file may have to be made again up to this byte. The peer must not wait for that.
    let next = await this.#nextChunk(body);
    if (this.#stopped) throw new PeerError("the transport has stopped");
    const encoded = encodeMessage(message);
    const head = Buffer.concat([uint64(encoded.byteLength), encoded]);
    const request = dialer.open("POST", url, snapshotPaths.post, {
      ...ownHeaders(config),
      "Content-Type": "application/octet-stream",
      "Content-Length": head.byteLength + rest,
      ...(this.#transfer !== undefined && {
        ...{ [formHeader]: form, [transferHeader]: this.#transfer, [fromHeader]: from },
      }),
    });
    this.#request = request;
    request.on("error", () => undefined);
    const answered = this.#answer(request);
    // An answer before the last byte is a refusal. The writer then finds the request destroyed.
    answered.then(
      () => request.destroy(),
      () => request.destroy(),
    );
    try {
      await this.#writeChunk(request, head);
      let left = rest;
      for (; next !== undefined; next = await this.#nextChunk(body)) {
        left -= next.byteLength;
        if (left < 0) break;
        await this.#writeChunk(request, next);
      }
      if (left !== 0) throw new FinalError("the database is not as long as was announced");
      request.end();
    } catch (error) {
      // The peer's answer explains better than `error` why the connection was closed.
      if (request.destroyed) await answered;
      request.destroy();
      throw error;
    } finally {
      await body.return?.();
    }
    counters.sentBytes += head.byteLength + rest;
    await this.#wait(request, answered);
  }

  /** Waits for the peer's answer, as long as the peer shows that it works. */
  async #wait(request: ClientRequest, answered: Promise<void>): Promise<void> {
    const { clock } = this.#link.config;
    let deadline: Timer | undefined;
    const restart = (): void => {
      deadline?.cancel();
      deadline = clock.after(answerMsMax, () => request.destroy(new PeerError("the peer did not answer in time")));
    };
    request.on("information", restart);
    restart();
    try {
      await answered;
    } finally {
      deadline?.cancel();
    }
  }

  /** The peer's answer. A refusal is final, unless it says that the peer is busy. */
  async #answer(request: ClientRequest): Promise<void> {
    let status: number | undefined;
    request.once("response", (answer) => {
      status = answer.statusCode;
    });
    try {
      await checkAnswer(request);
    } catch (error) {
      if (status === undefined || status === 503 || error instanceof RemovedError) throw error;
      throw new FinalError(errorText(error));
    }
  }

  /** The next part of the database. @throws FinalError when it cannot be read */
  async #nextChunk(body: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await body.next();
      return done === true ? undefined : value;
    } catch (error) {
      throw new FinalError(errorText(error));
    }
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
