import type { EtcdClient } from "./etcd-client.js";
import type { KeepAlive } from "./keep-alive.js";
import type { CallOptions } from "./options.js";

const ttlSecondsUsual = 60;

/**
 * A lease that is kept alive while its owner runs. Locks and elections are attached to it, so that they end with their
 * owner.
 */
export class Session implements AsyncDisposable {
  readonly client: EtcdClient;
  readonly lease: bigint;
  readonly #keeper: KeepAlive;

  private constructor(client: EtcdClient, keeper: KeepAlive) {
    this.client = client;
    this.lease = keeper.id;
    this.#keeper = keeper;
  }

  /** @param options.ttlSeconds how long locks remain after their owner has died; 60 by default */
  static async open(
    client: EtcdClient,
    options: { readonly ttlSeconds?: number } = {},
    call?: CallOptions,
  ): Promise<Session> {
    const ttl = options.ttlSeconds ?? ttlSecondsUsual;
    return new Session(client, await client.grantKeptLease({ ttl }, call));
  }

  /** Resolves when the lease is lost, and everything attached to it. */
  get ended(): Promise<void> {
    return this.#keeper.ended;
  }

  /** Ends the session with everything attached to it. @throws ClientError when no server confirms it */
  async close(call?: CallOptions): Promise<void> {
    this.#keeper.cancel();
    await this.client.revokeLease(this.lease, call);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
