import type { IncomingMessage, ServerResponse } from "node:http";
import { GrpcCode } from "../../base/index.js";
import { type FileSchema, loadJsonForms, loadSchema } from "../../wire/index.js";
import type { Binding } from "../binding.js";
import type { CallStatus } from "../status.js";
import { GatewayCall, type GatewayEnvironment, type Route } from "./gateway-call.js";
import { HttpPeer } from "./http-peer.js";
import { gatewayPaths } from "./paths.js";
import type { GatewayPeer } from "./peer.js";
import { Turnstile } from "./turnstile.js";

export interface GatewayConfig extends Omit<GatewayEnvironment, "forms"> {
  readonly bindings: readonly Binding[];
  /** Most calls that are open at a time: to etcd the whole gateway is one client. The others wait. */
  readonly maxConcurrentStreams: number;
}

const notFound: CallStatus = { code: GrpcCode.NotFound, details: "Not Found" };
const notAllowed: CallStatus = { code: GrpcCode.Unimplemented, details: "Method Not Allowed" };

/** The gRPC API in JSON over HTTP: what is asked below `/v3/` is answered by the bindings that answer gRPC. */
export class Gateway {
  readonly #environment: GatewayEnvironment;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #turnstile: Turnstile;
  readonly #calls = new Set<GatewayCall>();

  private constructor(environment: GatewayEnvironment, routes: ReadonlyMap<string, Route>, places: number) {
    this.#environment = environment;
    this.#routes = routes;
    this.#turnstile = new Turnstile(places);
  }

  /** Loads what it takes to speak JSON. */
  static async load({ bindings, maxConcurrentStreams, ...shared }: GatewayConfig): Promise<Gateway> {
    const environment = { ...shared, forms: await loadJsonForms() };
    return new Gateway(environment, routesOf(bindings, await loadSchema(), environment), maxConcurrentStreams);
  }

  /** @param path decoded and clean */
  handle(path: string, request: IncomingMessage, response: ServerResponse): void {
    const peer = new HttpPeer(request, response);
    const route = this.#routes.get(path);
    if (route === undefined) peer.refuse(notFound);
    else if (methodOf(request) !== "POST") peer.refuse(notAllowed);
    else void this.#serve(route, peer);
  }

  /** Ends what is open, because the server stops. */
  stop(): void {
    for (const call of this.#calls) call.stop();
  }

  async #serve(route: Route, peer: GatewayPeer): Promise<void> {
    if (!(await this.#turnstile.enter(peer.gone))) return;
    const call = new GatewayCall(this.#environment, route, peer);
    this.#calls.add(call);
    await call.run();
    this.#calls.delete(call);
    this.#turnstile.leave();
  }
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
    const binding = bound.get(`/${service}/${method}`);
    const schema = services.get(service)?.find(({ name }) => name === method);
    if (binding === undefined || schema === undefined) continue;
    const type = binding.kind === "unary" ? "unary" : "bidi_stream";
    routes.set(path, { binding, schema, counters: counters.method(binding.path, type) });
  }
  return routes;
}
