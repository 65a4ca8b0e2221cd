import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { EtcdError, GrpcCode, LoopTurn } from "../../base/index.js";
import { type FileSchema, loadJsonForms, loadSchema } from "../../wire/index.js";
import { type Binding, typeOf } from "../grpc/binding.js";
import { CallError, type CallStatus } from "../services/status.js";
import { GatewayCall, type GatewayEnvironment, jsonBytesFactor, type Route } from "./gateway-call.js";
import { HttpPeer, keepAliveMs } from "./http-peer.js";
import { frameBytesMax, PacedFrames } from "./paced-frames.js";
import { gatewayPaths } from "./paths.js";
import type { GatewayPeer } from "./peer.js";
import { Turnstile } from "./turnstile.js";
import { chosenProtocol, WebSocketPeer } from "./web-socket-peer.js";

export interface GatewayConfig extends Omit<GatewayEnvironment, "forms" | "places"> {
  readonly bindings: readonly Binding[];
  /**
   * Most calls that are open at a time: to etcd the whole gateway is one client. The others wait. A call whose first
   * message has not come whole counts as none.
   */
  readonly maxConcurrentStreams: number;
}

/** What a call takes: Node's request and response, a scanner, a handler. */
const callBytes = 32 * 1024;

/** Most fragments of a message that a client may send. */
const fragmentsMax = 1_024;

const notFound: CallStatus = { code: GrpcCode.NotFound, details: "Not Found" };
const notAllowed: CallStatus = { code: GrpcCode.Unimplemented, details: "Method Not Allowed" };

/** The gRPC API in JSON over HTTP: what is asked below `/v3/` is answered by the bindings that answer gRPC. */
export class Gateway {
  readonly #environment: GatewayEnvironment;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #webSockets: WebSocketServer;
  /** What would not end by itself, with when it has ended. */
  readonly #lasting = new Map<GatewayCall, Promise<void>>();

  private constructor(environment: GatewayEnvironment, routes: ReadonlyMap<string, Route>) {
    this.#environment = environment;
    this.#routes = routes;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Each fragment of a message is an object, however short it is. Long ones are cut into more of them.
      maxFragments: fragmentsMax + Math.ceil(this.#messageBytesMax / frameBytesMax),
      maxPayload: this.#messageBytesMax,
      handleProtocols: chosenProtocol,
    });
  }

  /** Loads what it takes to speak JSON. */
  static async load({ bindings, maxConcurrentStreams, ...shared }: GatewayConfig): Promise<Gateway> {
    const places = new Turnstile(maxConcurrentStreams);
    const environment = { ...shared, forms: await loadJsonForms(), places };
    return new Gateway(environment, routesOf(bindings, await loadSchema(), environment));
  }

  /**
   * Resolves when nothing works on the answer any more.
   *
   * @param path decoded and clean
   */
  async handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const peer = new HttpPeer(request, response, this.#environment.clock);
    const route = this.#routes.get(path);
    if (route === undefined) peer.refuse(notFound);
    else if (methodOf(request) !== "POST") peer.refuse(notAllowed);
    else await this.#serve(route, peer);
  }

  /** The same over a websocket, whatever the path: what is wrong is said there, as browsers tell pages nothing else. */
  upgrade(path: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (head.length > 0) socket.unshift(head);
    const frames = new PacedFrames(socket, LoopTurn.of(this.#environment.clock), this.#messageBytesMax);
    this.#webSockets.handleUpgrade(request, frames, Buffer.alloc(0), (webSocket) => {
      const peer = new WebSocketPeer(request, webSocket, frames, this.#environment.memory.pot("requests"));
      request.socket.setTimeout(0).setKeepAlive(true, keepAliveMs);
      const route = this.#routes.get(path);
      if (route === undefined) peer.refuse(notFound);
      else void this.#serve(route, peer);
    });
  }

  /** Longest message of a websocket, in bytes of JSON. */
  get #messageBytesMax(): number {
    return this.#environment.receiveBytesMax * jsonBytesFactor;
  }

  /** Ends what would not end by itself, because the server stops; resolves when all of that has been cleared up. */
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

/** A method of etcd's that is not there, as a gRPC client hears of it. */
function unknownMethod(service: string, method: string): Binding {
  const refusal = new CallError(GrpcCode.Unimplemented, `unknown method ${method} for service ${service}`);
  return { kind: "unary", path: `/${service}/${method}`, run: () => Promise.reject(refusal) };
}

/** A form may say that it would rather have been sent with another method. */
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
