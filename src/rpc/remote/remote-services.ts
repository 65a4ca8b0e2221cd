import type { Call } from "../../server/index.js";
import type { MessageReader, Port } from "../../threads/index.js";
import type { Answer } from "../grpc/answer.js";
import { type Binding, byMessages } from "../grpc/binding.js";
import type { Admission } from "../grpc/gate.js";
import type { Page, PageRequest, Pages } from "../http/pages.js";
import type { LoopCounts } from "../metrics/loop-counts.js";
import type { ClientServices } from "../services/client-services.js";
import { writeCounts } from "./counts-message.js";
import { asks, tells } from "./kinds.js";
import { writeMetadata, writeRepeated } from "./metadata.js";
import { readMethods } from "./methods-message.js";
import { readPage, writePageRequest } from "./page-message.js";
import { type RemoteCall, RemoteQuestion, RemoteUnary } from "./remote-call.js";
import { noClient, RemoteClients } from "./remote-clients.js";
import { RemoteStream, type RemoteStreams } from "./remote-stream.js";
import { Slots } from "./slots.js";
import { KeptAlike } from "./stream-messages.js";

/**
 * The services of a member whose state is on another thread, for a front end. The other thread ends each call with a
 * message, also a call that was cancelled, so that a call's number is in use until then.
 */
export class RemoteServices implements ClientServices, RemoteStreams {
  /** Resolves when the other thread serves calls. */
  readonly ready: Promise<void>;
  readonly port: Port;
  readonly alike = new KeptAlike();
  readonly #counts: LoopCounts;
  readonly #clients: RemoteClients;
  readonly #open = new Slots<RemoteCall>();
  #bindings: readonly Binding[] = [];
  #methods: ReadonlyMap<string, number> = new Map();
  #namesUsers = false;
  #serve: () => void = () => undefined;

  /** @param counts the counters of this front end, for the metrics */
  constructor(port: Port, counts: LoopCounts) {
    this.port = port;
    this.#counts = counts;
    this.#clients = new RemoteClients(port);
    this.ready = new Promise((resolve) => {
      this.#serve = resolve;
    });
    port.listen((kind, message) => this.#told(kind, message));
  }

  /** The methods of the member; none before it is `ready`. */
  get bindings(): readonly Binding[] {
    return this.#bindings;
  }

  /** The other thread decides whether it serves a call. Of a unary call it does so with the request. */
  get gate(): Admission {
    return {
      admit: (call, binding, message) => (message === undefined ? this.#admission(binding, call) : undefined),
    };
  }

  get pages(): Pages {
    return { answer: (request, call) => this.#page(request, call) };
  }

  namesUsers(): boolean {
    return this.#namesUsers;
  }

  #unary(method: number, request: Uint8Array, call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#begin(asks.unary, method, call, new RemoteUnary(call, this.port, resolve, reject), request);
    });
  }

  beginStream(method: number, stream: RemoteStream, call: Call): void {
    this.#begin(asks.stream, method, call, stream);
  }

  #admission({ path }: Binding, call: Call): Promise<void> {
    const method = this.#methods.get(path) ?? 0;
    return new Promise((resolve, reject) => {
      const question = new RemoteQuestion<void>(undefined, this.port, resolve, reject, () => undefined);
      this.#begin(asks.admission, method, call, question);
    });
  }

  #page(request: PageRequest, call: Call): Promise<Page | undefined> {
    return new Promise((resolve, reject) => {
      const question = new RemoteQuestion(call, this.port, resolve, reject, readPage);
      const number = this.#open.add(question);
      const message = this.port.post(asks.page).number(number);
      writePageRequest(message, request);
      writeMetadata(message, call);
      question.begun(number);
    });
  }

  #begin(kind: number, method: number, call: Call, remote: RemoteCall, request?: Uint8Array): void {
    const client = this.#clients.of(call);
    const number = this.#open.add(remote);
    const message = this.port.post(kind).number(number).number(method);
    message.number(client?.number ?? noClient);
    const { metadataKind } = call;
    if (metadataKind !== undefined && metadataKind === client?.metadataKind) writeRepeated(message);
    else writeMetadata(message, call);
    if (client !== undefined) client.metadataKind = metadataKind;
    if (request !== undefined) message.bytes(request);
    remote.begun(number);
  }

  #told(kind: number, message: MessageReader): void {
    switch (kind) {
      case tells.methods:
        this.#setMethods(message);
        break;
      case tells.namesUsers:
        this.#namesUsers = message.flag();
        break;
      case tells.countsWanted:
        writeCounts(this.port.post(asks.counts), this.#counts);
        break;
      default: {
        const number = message.number();
        if (this.#open.get(number).told(kind, message)) this.#open.remove(number);
      }
    }
  }

  #setMethods(message: MessageReader): void {
    this.#bindings = readMethods(message, {
      unary: (method) => (request, call) => this.#unary(method, request, call),
      stream: (method) => byMessages((stream) => new RemoteStream(this, stream, method)),
    });
    this.#methods = new Map(this.#bindings.map(({ path }, method) => [path, method]));
    this.#serve();
  }
}
