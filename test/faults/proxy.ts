import { once } from "node:events";
import type { Server, Socket } from "node:net";
import type { ClusterSecurity } from "./security.js";

/** The faults of a connection between two members. */
export interface LinkRules {
  /** Whether connections of the member with this id (hex) are broken. */
  isCut(from: string): boolean;
  /** The delay of all bytes of a member. */
  delayMs(from: string): number;
}

/**
 * A proxy in front of a member's peer port. It knows the dialing member by the `X-Server-From` header of the first
 * request, so it can cut the link between two members only. With TLS it has a certificate of the members.
 */
export class LinkProxy {
  readonly #server: Server;
  readonly #links = new Map<Socket, string>();
  readonly #rules: LinkRules;
  readonly #security: ClusterSecurity;

  private constructor(target: number, rules: LinkRules, security: ClusterSecurity) {
    this.#rules = rules;
    this.#security = security;
    this.#server = security.listener((socket) => this.#accept(socket, target));
  }

  static async open(port: number, target: number, rules: LinkRules, security: ClusterSecurity): Promise<LinkProxy> {
    const proxy = new LinkProxy(target, rules, security);
    proxy.#server.listen(port, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Breaks the connections that are cut by the rules. */
  enforce(): void {
    for (const [socket, from] of this.#links) if (this.#rules.isCut(from)) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#links.keys()) socket.destroy();
    await once(this.#server, "close");
  }

  #accept(socket: Socket, target: number): void {
    let opening = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    const identify = (chunk: Buffer): void => {
      opening = Buffer.concat([opening, chunk]);
      const end = opening.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", identify);
      const from = /x-server-from: *([0-9a-f]+)/i.exec(opening.subarray(0, end).toString("latin1"))?.[1] ?? "unknown";
      if (this.#rules.isCut(from)) return void socket.destroy();
      this.#join(socket, this.#security.dial(target), from, opening);
    };
    socket.on("data", identify);
  }

  #join(near: Socket, far: Socket, from: string, opening: Buffer): void {
    this.#links.set(near, from);
    const end = (): void => {
      this.#links.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    far.write(opening);
    this.#pump(near, far, from);
    this.#pump(far, near, from);
  }

  /** Passes on chunks in order, each with the delay at its arrival. */
  #pump(source: Socket, target: Socket, from: string): void {
    let due = 0;
    source.on("data", (chunk: Buffer) => {
      const now = performance.now();
      due = Math.max(due, now + this.#rules.delayMs(from));
      if (due <= now) target.write(chunk);
      else setTimeout(() => target.writable && target.write(chunk), due - now);
    });
  }
}
