import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { LoopTurn } from "../../base/index.js";
import type { Gateway, GatewayConfig } from "./gateway.js";

export type { GatewayConfig };

/** The gateway, whose code is loaded by the first request for it. */
export class LazyGateway {
  readonly #config: GatewayConfig;
  /** All requests that wait for the code would go on in one turn of the event loop. */
  readonly #turn: LoopTurn;
  #loading: Promise<Gateway> | undefined;

  constructor(config: GatewayConfig) {
    this.#config = config;
    this.#turn = LoopTurn.of(config.clock);
  }

  async handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gateway = await this.#load();
    if (this.#turn.over) await this.#turn.pause();
    await gateway.handle(path, request, response);
  }

  async upgrade(path: string, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gateway = await this.#load();
    if (this.#turn.over) await this.#turn.pause();
    gateway.upgrade(path, request, socket, head);
  }

  async stop(): Promise<void> {
    await (await this.#loading)?.stop();
  }

  #load(): Promise<Gateway> {
    this.#loading ??= import("./gateway.js").then(({ Gateway }) => Gateway.load(this.#config));
    return this.#loading;
  }
}
