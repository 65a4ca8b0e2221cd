import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Gateway, GatewayConfig } from "./gateway.js";

export type { GatewayConfig };

/** The gateway, whose code is loaded by the first request for it. */
export class LazyGateway {
  readonly #config: GatewayConfig;
  #loading: Promise<Gateway> | undefined;

  constructor(config: GatewayConfig) {
    this.#config = config;
  }

  async handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gateway = await this.#load();
    await gateway.handle(path, request, response);
  }

  async upgrade(path: string, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    (await this.#load()).upgrade(path, request, socket, head);
  }

  async stop(): Promise<void> {
    await (await this.#loading)?.stop();
  }

  #load(): Promise<Gateway> {
    this.#loading ??= import("./gateway.js").then(({ Gateway }) => Gateway.load(this.#config));
    return this.#loading;
  }
}
