import { asError, GrpcCode } from "../base/index.js";
import { type FileSchema, gatewayPaths, services } from "../wire/index.js";
import { JsonMessages } from "./json-messages.js";
import { AttemptError, type RpcMethod } from "./transport.js";

/** One request to a gateway. */
export interface GatewayRequest {
  readonly url: string;
  readonly method: GatewayMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: object;
  readonly signal: AbortSignal;
}

/** A method as the gateway knows it. */
interface GatewayMethod {
  readonly path: string;
  readonly requestType: string;
  readonly responseType: string;
  /** An answer without any field set. */
  emptyResponse(): object;
}

/** The calls of etcd's JSON gateway, with `fetch`. */
export class HttpGateway {
  readonly #fetch: typeof fetch;
  readonly #messages: JsonMessages;
  readonly #methods: ReadonlyMap<string, GatewayMethod>;

  constructor(files: readonly FileSchema[], fetchFunction: typeof fetch) {
    this.#fetch = fetchFunction;
    this.#messages = new JsonMessages(files);
    this.#methods = methodsOf(files);
  }

  /** @throws AttemptError Unimplemented for a method without a path */
  method({ path }: Pick<RpcMethod<never, never>, "path">): GatewayMethod {
    const method = this.#methods.get(path);
    if (method !== undefined) return method;
    throw new AttemptError(GrpcCode.Unimplemented, `${path} has no path over HTTP`, "", false);
  }

  /** Makes a unary call. @throws AttemptError */
  async unary(request: GatewayRequest): Promise<object> {
    const response = await this.#post(request);
    return this.#read(request, parse(await text(response, request), request.url));
  }

  /** Makes a call whose answers are lines, and passes them to `answer`. Resolves at the end. @throws AttemptError */
  async lines(request: GatewayRequest, answer: (message: object) => Promise<void> | void): Promise<void> {
    const response = await this.#post(request);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const piece = await reader?.read().catch((error: unknown) => {
        throw lost(asError(error), request.url);
      });
      rest += piece?.done === false ? decoder.decode(piece.value, { stream: true }) : "";
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        const line = parse(rest.slice(0, end), request.url) as { result?: unknown; error?: Refusal };
        rest = rest.slice(end + 1);
        if (line.error !== undefined) throw refusalOf(line.error, request.url);
        await answer(this.#read(request, line.result));
      }
      if (piece?.done !== false) return;
    }
  }

  #read({ method }: GatewayRequest, json: unknown): object {
    return this.#messages.fromJson(method.responseType, json, method.emptyResponse());
  }

  async #post({ url, method, headers, message, signal }: GatewayRequest): Promise<Response> {
    const body = JSON.stringify(this.#messages.toJson(method.requestType, message));
    const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body, signal };
    const request = this.#fetch;
    const response = await request(url + method.path, init).catch((error: unknown) => {
      throw lost(asError(error), url);
    });
    if (response.ok) return response;
    throw refusalOf(parse(await response.text().catch(() => ""), url) as Refusal, url, response.status);
  }
}

/** An error as gateways of several versions of etcd write it. */
interface Refusal {
  readonly code?: number;
  readonly grpc_code?: number;
  readonly message?: string;
  readonly error?: string;
}

function refusalOf({ code, grpc_code, message, error }: Refusal, url: string, status?: number): AttemptError {
  const details = message ?? error ?? `HTTP status ${status ?? "unknown"}`;
  const unavailable = status === 502 || status === 503;
  return new AttemptError(
    code ?? grpc_code ?? (unavailable ? GrpcCode.Unavailable : GrpcCode.Unknown),
    details,
    url,
    false,
  );
}

/** The error of a request that got no answer. */
function lost(error: Error, url: string): AttemptError {
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const refused = cause !== undefined && "code" in cause && cause.code === "ECONNREFUSED";
  const details = cause === undefined ? error.message : `${error.message}: ${cause.message || String(error.cause)}`;
  return new AttemptError(GrpcCode.Unavailable, details, url, refused);
}

async function text(response: Response, { url }: GatewayRequest): Promise<string> {
  return response.text().catch((error: unknown) => {
    throw lost(asError(error), url);
  });
}

function parse(json: string, url: string): object {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // The error below shows the text.
  }
  throw new AttemptError(GrpcCode.Internal, `not an answer of etcd: ${json.slice(0, 100)}`, url, false);
}

/** The methods with a path of their own in JSON, by gRPC path. */
function methodsOf(files: readonly FileSchema[]): ReadonlyMap<string, GatewayMethod> {
  const schemas = new Map(files.flatMap((file) => file.services).map(({ name, methods }) => [name, methods]));
  const codecs: Readonly<Record<string, Readonly<Record<string, { readonly response: { create(): object } }>>>> =
    services;
  const found = new Map<string, GatewayMethod>();
  for (const [path, { service, method }] of gatewayPaths) {
    const schema = schemas.get(service)?.find(({ name }) => name === method);
    const codec = codecs[service]?.[method];
    const key = `/${service}/${method}`;
    if (schema === undefined || codec === undefined || found.has(key)) continue;
    const { request: requestType, response: responseType } = schema;
    found.set(key, { path, requestType, responseType, emptyResponse: () => codec.response.create() });
  }
  return found;
}
