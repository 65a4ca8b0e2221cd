import type { ClientRequest } from "node:http";
import type { Timer } from "../base/index.js";
import type { Message } from "../raft/index.js";
import { answerTo, PeerError, readBody } from "./dialer.js";
import { type Link, mismatchOf, RemovedError, refusalBytesMax } from "./link.js";
import { encodeMessage } from "./message-codec.js";
import { ownHeaders } from "./peer-headers.js";

const waitingMessagesMax = 64;
const postsMax = 4;

/** Posts messages while there is no stream: one request per message, a few at a time. */
export class Pipeline {
  readonly #link: Link;
  readonly #waiting: Message[] = [];
  readonly #posts = new Set<ClientRequest>();
  #stopped = false;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Accepts a message; false when too many wait. */
  offer(message: Message): boolean {
    if (this.#waiting.length >= waitingMessagesMax) return false;
    this.#waiting.push(message);
    this.#pump();
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
    for (const request of this.#posts) request.destroy();
  }

  #pump(): void {
    while (!this.#stopped && this.#posts.size < postsMax) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#send(message);
    }
  }

  #send(message: Message): void {
    const { id, config, dialer, urls, status, counters } = this.#link;
    const body = encodeMessage(message);
    const url = urls.pick();
    const request = dialer.open("POST", url, "/raft", {
      ...ownHeaders(config),
      "Content-Type": "application/protobuf",
      "Content-Length": body.byteLength,
    });
    this.#posts.add(request);
    const { clock, readTimeoutMs, writeTimeoutMs } = config;
    const deadline = clock.after(readTimeoutMs + writeTimeoutMs, () =>
      request.destroy(new PeerError("the peer did not answer in time")),
    );
    // The request may fail again after its answer has been read; that error means nothing any more.
    request.on("error", () => undefined);
    request.end(body);
    checkAnswer(request).then(
      () => {
        counters.sentBytes += body.byteLength;
        status.activate();
        this.#done(request, deadline);
      },
      (error: Error) => {
        this.#done(request, deadline);
        if (this.#stopped) return;
        urls.unreachable(url);
        status.deactivate("post a message", error.message);
        counters.sentFailures++;
        config.raft.reportUnreachable(id);
        if (error instanceof RemovedError) config.onRemoved();
      },
    );
  }

  #done(request: ClientRequest, deadline: Timer): void {
    deadline.cancel();
    this.#posts.delete(request);
    this.#pump();
  }
}

/** @throws RemovedError, PeerError or Error when the peer did not accept the body */
export async function checkAnswer(request: ClientRequest): Promise<void> {
  const answer = await answerTo(request);
  const text = (await readBody(answer, refusalBytesMax)).toString();
  switch (answer.statusCode) {
    case 204:
      return;
    case 403:
      throw new RemovedError();
    case 412:
      throw mismatchOf(text);
    default:
      throw new PeerError(`the peer answered with status ${answer.statusCode}: ${text.trimEnd()}`);
  }
}
