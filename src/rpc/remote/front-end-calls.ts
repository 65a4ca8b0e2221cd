import { assert, type Clock, errorText, GrpcCode, type Logger, LoopTurn } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import type { MessageReader, Port } from "../../threads/index.js";
import type { Answer } from "../grpc/answer.js";
import type { Binding, UnaryBinding } from "../grpc/binding.js";
import { UnaryRun } from "../grpc/unary-run.js";
import type { LoopCounts } from "../metrics/loop-counts.js";
import type { ClientServices } from "../services/client-services.js";
import type { SlowCalls } from "../services/slow-calls.js";
import { type CallStatus, statusOf } from "../services/status.js";
import { AnswerSender } from "./answer-sender.js";
import { readCounts } from "./counts-message.js";
import { asks, tells } from "./kinds.js";
import { readMetadataOf } from "./metadata.js";
import { writeMethods } from "./methods-message.js";
import { readPageRequest, writePage } from "./page-message.js";
import { StateCall, type StateClient } from "./state-call.js";
import { StateStream, type StateStreams } from "./state-stream.js";
import { writeStatus } from "./status-message.js";
import { StreamMessages } from "./stream-messages.js";

const gone: CallStatus = { code: GrpcCode.Canceled, details: "" };

export interface FrontEndCallsConfig {
  readonly services: ClientServices;
  readonly slow: SlowCalls;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An open call: itself, and what takes its further messages. */
interface OpenCall {
  readonly call: StateCall;
  readonly stream?: StateStream;
  sender?: AnswerSender;
}

/** Carries out the calls of one front end on the thread that owns the state. */
export class FrontEndCalls implements StateStreams {
  readonly #config: FrontEndCallsConfig;
  readonly port: Port;
  readonly messages: StreamMessages;
  readonly #turn: LoopTurn;
  readonly #clients: (StateClient | undefined)[] = [];
  readonly #open: (OpenCall | undefined)[] = [];
  #namesUsers = false;
  #countsWanted: ((counts: LoopCounts) => void)[] = [];

  constructor(port: Port, config: FrontEndCallsConfig) {
    this.#config = config;
    this.port = port;
    this.messages = new StreamMessages(port);
    this.#turn = LoopTurn.of(config.clock);
    this.tellNamesUsers();
    writeMethods(port.post(tells.methods), config.services.bindings);
    port.listen((kind, message) => this.#asked(kind, message));
  }

  /** Tells the front end whether names in certificates mean users, after that may have changed. */
  tellNamesUsers(): void {
    const namesUsers = this.#config.services.namesUsers();
    if (namesUsers === this.#namesUsers) return;
    this.#namesUsers = namesUsers;
    this.port.post(tells.namesUsers).flag(namesUsers);
  }

  /** The counters of the calls of the front end. */
  counts(): Promise<LoopCounts> {
    if (this.#countsWanted.length === 0) this.port.post(tells.countsWanted);
    return new Promise((resolve) => void this.#countsWanted.push(resolve));
  }

  #asked(kind: number, message: MessageReader): void {
    if (kind === asks.counts) {
      this.#takeCounts(readCounts(message));
      return;
    }
    const number = message.number();
    switch (kind) {
      case asks.unary:
        this.#unary(number, message);
        break;
      case asks.stream:
        this.#stream(number, message);
        break;
      case asks.admission:
        this.#admission(number, message);
        break;
      case asks.page:
        this.#page(number, message);
        break;
      case asks.client: {
        const remote = message.text();
        const commonName = message.flag() ? message.text() : undefined;
        this.#clients[number] = { remote, commonName, metadata: undefined };
        break;
      }
      case asks.clientGone:
        this.#clients[number] = undefined;
        break;
      default:
        this.#onGoing(kind, number, message);
    }
  }

  /** A message about a call that has begun. It may have ended meanwhile. */
  #onGoing(kind: number, number: number, message: MessageReader): void {
    const open = this.#open[number];
    if (kind === asks.cancel) (open?.stream ?? open?.call)?.cancel();
    else if (kind === asks.message) open?.stream?.requested(message.bytes());
    else if (kind === asks.halfClosed) open?.stream?.halfClosed();
    else if (kind === asks.taken) open?.stream?.taken(message.number());
    else open?.sender?.bytesTaken(message.number());
  }

  #takeCounts(counts: LoopCounts): void {
    const waiting = this.#countsWanted;
    this.#countsWanted = [];
    for (const resolve of waiting) resolve(counts);
  }

  #binding(message: MessageReader): Binding {
    const binding = this.#config.services.bindings[message.number()];
    assert(binding !== undefined, "a front end calls the methods that it was told");
    return binding;
  }

  #call(message: MessageReader): StateCall {
    const client = this.#clients[message.number()];
    const metadata = readMetadataOf(message, client?.metadata);
    if (client !== undefined) client.metadata = metadata;
    return new StateCall(client, metadata);
  }

  #unary(number: number, message: MessageReader): void {
    const binding = this.#binding(message);
    const call = this.#call(message);
    const request = message.bytes();
    assert(binding.kind === "unary", "a front end knows which methods are unary");
    const open: OpenCall = { call };
    this.#open[number] = open;
    // The time for the client's request begins when it has arrived, and not when there is a turn for it.
    const startedAt = this.#config.slow.now();
    const run = (): void => this.#runUnary(number, open, binding, request, startedAt);
    if (this.#turn.over) this.#turn.defer(run, call.client);
    else run();
  }

  #runUnary(number: number, open: OpenCall, binding: UnaryBinding, request: Uint8Array, startedAt: number): void {
    const { services, slow } = this.#config;
    const { call } = open;
    const outcome = {
      answered: (answer: Answer) => this.#answer(number, open, binding.path, answer),
      close: (error: unknown) => this.#refuse(number, call, binding.path, error),
    };
    new UnaryRun(binding, call, { gate: services.gate, slow }, outcome, startedAt).begin(request);
  }

  #answer(number: number, open: OpenCall, path: string, answer: Answer): void {
    if (answer instanceof Uint8Array) {
      this.#end(number, tells.answer).bytes(answer);
      return;
    }
    open.sender = new AnswerSender(open.call, this.port, number, this.#turn);
    open.sender.send(answer).then(
      () => this.#end(number, tells.ended),
      (error: unknown) => this.#refuse(number, open.call, path, error),
    );
  }

  #stream(number: number, message: MessageReader): void {
    const binding = this.#binding(message);
    const call = this.#call(message);
    assert(binding.kind === "stream", "a front end knows which methods have streams");
    const stream = new StateStream(this, call, binding, number);
    this.#open[number] = { call, stream };
    this.#admit(
      call,
      binding,
      () => stream.run(),
      (error) => this.streamEnded(stream, error),
    );
  }

  streamEnded({ number, call, binding }: StateStream, ...failure: readonly unknown[]): void {
    if (failure.length === 0) this.#end(number, tells.ended);
    else this.#refuse(number, call, binding.path, failure[0]);
  }

  #admission(number: number, message: MessageReader): void {
    const binding = this.#binding(message);
    const call = this.#call(message);
    this.#admit(
      call,
      binding,
      () => this.#end(number, tells.ended),
      (error) => this.#refuse(number, call, binding.path, error),
    );
  }

  /** Asks the gate about a stream, and calls one of the two: at once, if the gate decides at once. */
  #admit(call: Call, binding: Binding, admitted: () => void, refused: (error: unknown) => void): void {
    try {
      const deciding = this.#config.services.gate.admit(call, binding);
      if (deciding === undefined) admitted();
      else deciding.then(admitted, refused);
    } catch (error) {
      refused(error);
    }
  }

  #page(number: number, message: MessageReader): void {
    const request = readPageRequest(message);
    const call = new StateCall(undefined, readMetadataOf(message));
    this.#open[number] = { call };
    this.#config.services.pages.answer(request, call).then(
      (page) => writePage(this.#end(number, tells.page), page),
      // The front end logs it, since that knows what its client gets.
      (error: unknown) =>
        writeStatus(this.#end(number, tells.refusal), { code: GrpcCode.Unknown, details: errorText(error) }),
    );
  }

  #refuse(number: number, call: Call, path: string, error: unknown): void {
    // Nobody gets the status of a cancelled call, and the error that the client's departure caused is not logged.
    const status = call.cancelled ? gone : statusOf(error, path, this.#config.logger);
    writeStatus(this.#end(number, tells.refusal), status);
  }

  /** Begins the last message about a call. */
  #end(number: number, kind: number) {
    this.#open[number] = undefined;
    return this.port.post(kind).number(number);
  }
}
