import { GrpcCode, type Key } from "../base/index.js";
import { FilterType } from "../wire/index.js";
import type { Calls } from "./calls.js";
import { ClientError } from "./client-error.js";
import { firstEvent } from "./first-event.js";
import type { CallOptions } from "./options.js";
import { compare, ops, Transaction } from "./transaction.js";

/**
 * A barrier by name: whoever waits goes on when it is released. It is compatible with the barrier of Go's recipes.
 */
export class Barrier {
  readonly #calls: Calls;
  readonly #key: Key;

  constructor(client: Calls, name: Key) {
    this.#calls = client;
    this.#key = name;
  }

  /**
   * Sets up the barrier.
   *
   * @param options.lease lease of its owner, so that it is released when the owner dies
   * @throws ClientError AlreadyExists when it is held already
   */
  async hold(options: CallOptions & { readonly lease?: bigint } = {}): Promise<void> {
    const put = ops.put({ key: this.#key, lease: options.lease ?? 0n });
    const absent = compare(this.#key).isAbsent();
    const { succeeded } = await new Transaction(this.#calls, [absent], [put] as const, []).commit(options);
    if (!succeeded) {
      throw new ClientError(GrpcCode.AlreadyExists, "barrier: it is held already", { undecorated: true });
    }
  }

  /** Lets all who wait go on. */
  async release(call?: CallOptions): Promise<void> {
    await this.#calls.deleteRange({ key: this.#key }, call);
  }

  /** Resolves when the barrier is not held. */
  async wait(call: CallOptions = {}): Promise<void> {
    for (;;) {
      const { kvs, header } = await this.#calls.range({ key: this.#key, keysOnly: true }, call);
      if (kvs.length === 0) return;
      const startRevision = (header?.revision ?? 0) + 1;
      await firstEvent(this.#calls, { key: this.#key, startRevision, filters: [FilterType.NOPUT] }, call);
    }
  }
}
