import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { EtcdError, GrpcCode, LoopTurn, Semaphore } from "../../base/index.js";
import { type FileSchema, gatewayPaths, loadJsonForms, loadSchema } from "../../wire/index.js";
import { type Binding, typeOf } from "../grpc/binding.js";
import { CallError, type CallStatus } from "../services/status.js";
import { GatewayCall, type GatewayEnvironment, jsonBytesFactor, type Route, valueFactor } from "./gateway-call.js";
import { HttpPeer, keepAliveMs } from "./http-peer.js";
import { frameBytesMax, PacedFrames } from "./paced-frames.js";
import type { GatewayPeer } from "./peer.js";
import { UnfinishedMessages } from "./unfinished-messages.js";
import { chosenProtocol, WebSocketPeer } from "./web-socket-peer.js";

export interface GatewayConfig extends Omit<GatewayEnvironment, "forms" | "places" | "unfinished"> {
  readonly bindings: readonly Binding[];
  /**
   * The maximum number of running calls; further calls wait. In etcd the whole gateway is one client connection. A call
   * does not count before its first message is complete.
   */
  readonly maxConcurrentStreams: number;
}

/** The memory of a call: Node's request and response, a scanner and a handler. */
const callBytes = 32 * 1024;

/** The most fragments that a client may use for a websocket message. */
const fragmentsMax = 1_024;

const notFound: CallStatus = { code: GrpcCode.NotFound, details: "Not Found" };
const notAllowed: CallStatus = { code: GrpcCode.Unimplemented, details: "Method Not Allowed" };

/** Serves the gRPC API as JSON over HTTP under `/v3/`, through the same bindings as gRPC. */
export class Gateway {
  readonly #environment: GatewayEnvironment;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #webSockets: WebSocketServer;
  /** The calls that do not end by themselves, with promises that resolve when they have ended. */
  readonly #lasting = new Map<GatewayCall, Promise<void>>();

  private constructor(environment: GatewayEnvironment, routes: ReadonlyMap<string, Route>) {
    this.#environment = environment;
    this.#routes = routes;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Each fragment is an object, so their number is bounded. `PacedFrames` cuts long frames into further fragments.
      maxFragments: fragmentsMax + Math.ceil(this.#messageBytesMax / frameBytesMax),
      maxPayload: this.#messageBytesMax,
      handleProtocols: chosenProtocol,
    });
  }

  /** Loads the code and schemas for JSON. */
  static async load({ bindings, maxConcurrentStreams, ...shared }: GatewayConfig): Promise<Gateway> {
    const places = new Semaphore(maxConcurrentStreams);
    const messageBytesMax = shared.receiveBytesMax * jsonBytesFactor * valueFactor;
    const unfinished = new UnfinishedMessages(shared.memory, messageBytesMax);
    const environment = { ...shared, forms: await loadJsonForms(), places, unfinished };
    return new Gateway(environment, routesOf(bindings, await loadSchema(), environment));
  }

  /**
   * Answers a request. Resolves when work on the answer has ended.
   *
   * @param path the decoded path without `.`, `..` and `//`
   */
  async handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const peer = new HttpPeer(request, response, this.#environment.clock);
    const route = this.#routes.get(path);
    if (route === undefined) peer.refuse(notFound);
    else if (methodOf(request) !== "POST") peer.refuse(notAllowed);
    else await this.#serve(route, peer);
  }

  /** Serves a websocket on any path. Errors are sent as messages, since browsers show pages no other answer. */
  upgrade(path: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (head.length > 0) socket.unshift(head);
    const { clock, unfinished } = this.#environment;
    const frames = new PacedFrames(socket, LoopTurn.of(clock), this.#messageBytesMax);
    this.#webSockets.handleUpgrade(request, frames, Buffer.alloc(0), (webSocket) => {
      const peer = new WebSocketPeer(request, webSocket, frames, unfinished, clock);
      request.socket.setTimeout(0).setKeepAlive(true, keepAliveMs);
      const route = this.#routes.get(path);
      if (route === undefined) peer.refuse(notFound);
      else void this.#serve(route, peer);
    });
  }

  /** The maximum length of a websocket message, in bytes of JSON. */
  get #messageBytesMax(): number {
    return this.#environment.receiveBytesMax * jsonBytesFactor;
  }

  /** Ends all calls that do not end by themselves, because the server stops. Resolves when they have ended. */
  async stop(): Promise<void> {
    for (const call of this.#lasting.keys()) call.stop();
    await Promise.all(this.#lasting.values());
  }

  async #serve(route: Route, peer: GatewayPeer): Promise<void> {
    const { binding } = route;
    const calls = this.#environment.memory.pot("calls");
    if (!calls.tryTake(callBytes, binding.first ? "first" : "ordinary")) {
      const { code, message } = new EtcdError("overloaded");
      peer.refuse({ code, details: message }, binding.kind === "stream");
      return;
    }
    const call = new GatewayCall(this.#environment, route, peer);
    const over = call.run();
    if (binding.kind === "stream" || binding.waits) this.#lasting.set(call, over);
    await over;
    this.#lasting.delete(call);
    calls.release(callBytes);
  }
}

/** A binding that answers like gRPC for an unknown method, for paths of etcd's gateway that this server lacks. */
function unknownMethod(service: string, method: string): Binding {
  const refusal = new CallError(GrpcCode.Unimplemented, `unknown method ${method} for service ${service}`);
  return { kind: "unary", path: `/${service}/${method}`, run: () => Promise.reject(refusal) };
}

/** The method of a request. A form that is sent with POST may override it. */
function methodOf({ method, headers }: IncomingMessage): string | undefined {
  const override = headers["x-http-method-override"];
  const isForm = headers["content-type"] === "application/x-www-form-urlencoded";
  return method === "POST" && isForm && typeof override === "string" ? override.toUpperCase() : method;
}

function routesOf(
  bindings: readonly Binding[],
  files: readonly FileSchema[],
  { counters }: GatewayEnvironment,
): ReadonlyMap<string, Route> {
  const services = new Map(files.flatMap((file) => file.services).map(({ name, methods }) => [name, methods]));
  const bound = new Map(bindings.map((binding) => [binding.path, binding]));
  const routes = new Map<string, Route>();
  for (const [path, { service, method }] of gatewayPaths) {
    const schema = services.get(service)?.find(({ name }) => name === method);
    if (schema === undefined) continue;
    const binding = bound.get(`/${service}/${method}`) ?? unknownMethod(service, method);
    routes.set(path, { binding, schema, counters: counters.method(binding.path, typeOf(binding)) });
  }
  return routes;
}
