import type { Client } from "./client.js";
import type { KeepAlive } from "./keep-alive.js";
import type { CallOptions } from "./options.js";

const ttlSecondsUsual = 60;

/** A lease kept alive while its owner lives: what locks and elections hang on, so that they fall with their owner. */
export class Session implements AsyncDisposable {
  readonly client: Client;
  readonly lease: bigint;
  readonly #keeper: KeepAlive;

  private constructor(client: Client, lease: bigint) {
    this.client = client;
    this.lease = lease;
    this.#keeper = client.keepAlive(lease);
  }

  /** @param ttlSeconds how long locks outlive an owner that dies; 60 unless said */
  static async open(client: Client, options: { readonly ttlSeconds?: number } = {}): Promise<Session> {
    const { id } = await client.grantLease({ ttl: options.ttlSeconds ?? ttlSecondsUsual });
    return new Session(client, id);
  }

  /** Resolves when the lease is lost, and with it all that hung on it. */
  get ended(): Promise<void> {
    return this.#keeper.ended;
  }

  /** Gives up everything that hangs on this session. @throws ClientError when no server says that it is gone */
  async close(call?: CallOptions): Promise<void> {
    this.#keeper.cancel();
    await this.client.revokeLease(this.lease, call);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
