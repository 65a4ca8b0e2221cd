import { errorText, type Key, type Logger, pause, prefixRange } from "../../base/index.js";
import { type EtcdClient, EventType, Session } from "../../client/index.js";

/** The value of a key's mark while somebody else wants to change the key. */
export const wanted = "REVOKE";
/** The pause before a lost session is replaced, and the time limit of opening one. */
const [retryMs, openMsMax] = [500, 5_000];

export interface LeaseWatchConfig {
  readonly client: EtcdClient;
  /** The prefix of the marks, which all proxies of the cluster share. */
  readonly prefix: Key;
  readonly logger: Logger;
  /** Somebody wants to change a key that this proxy holds. @param revision that of the demand */
  readonly onWanted: (key: Key, revision: number) => void;
  /** The session is lost: whatever this proxy held, it holds no longer. */
  readonly onLost: () => void;
}

/** The session by which this proxy holds keys, and what happens to the marks of all proxies. */
export class LeaseWatch {
  readonly #config: LeaseWatchConfig;
  readonly #stop = new AbortController();
  readonly #ready: (() => void)[] = [];
  /** Those who wait until a mark is gone, by the key. */
  readonly #gone = new Map<Key, (() => void)[]>();
  #session: Session | undefined;
  #running: Promise<void> | undefined;

  constructor(config: LeaseWatchConfig) {
    this.#config = config;
  }

  /** The lease of the session; undefined without one. */
  get lease(): bigint | undefined {
    return this.#session?.lease;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Resolves when there is a session, or the signal aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#session !== undefined || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#ready.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Resolves when the mark of a key is deleted, the session is lost, or the signal aborts. Call it before asking. */
  gone(key: Key, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#gone.get(key) ?? [];
      this.#gone.set(key, waiting);
      const end = (): void => {
        signal.removeEventListener("abort", end);
        const left = waiting.filter((other) => other !== end);
        waiting.length = 0;
        waiting.push(...left);
        if (left.length === 0 && this.#gone.get(key) === waiting) this.#gone.delete(key);
        resolve();
      };
      waiting.push(end);
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
  }

  async #run(): Promise<void> {
    const { client, logger } = this.#config;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let session: Session | undefined;
      try {
        session = await Session.open(client, {}, { timeoutMs: openMsMax });
        await this.#follow(session);
      } catch (error) {
        if (!signal.aborted) logger.warn("the session of the leasing mode is lost", { error: errorText(error) });
      }
      this.#session = undefined;
      this.#config.onLost();
      for (const key of [...this.#gone.keys()]) this.#wake(key);
      await session?.close({ timeoutMs: openMsMax }).catch(() => undefined);
      await pause(client.clock, retryMs, signal);
    }
    for (const resolve of this.#ready.splice(0)) resolve();
  }

  /** Follows the marks until the session or the watch is lost, or the proxy stops. */
  async #follow(session: Session): Promise<void> {
    const { client, prefix } = this.#config;
    const watch = await client.watch(prefixRange(prefix), { timeoutMs: openMsMax });
    const end = (): void => watch.cancel();
    this.#stop.signal.addEventListener("abort", end, { once: true });
    void session.ended.then(end);
    this.#session = session;
    for (const resolve of this.#ready.splice(0)) resolve();
    try {
      for await (const { events } of watch) {
        for (const { type, kv } of events) {
          if (kv === undefined) continue;
          const key = kv.key.slice(prefix.length);
          if (type === EventType.DELETE) this.#wake(key);
          else if (Buffer.from(kv.value).toString() === wanted && kv.lease === session.lease) {
            this.#config.onWanted(key, kv.modRevision);
          }
        }
      }
    } finally {
      this.#stop.signal.removeEventListener("abort", end);
      watch.cancel();
    }
  }

  #wake(key: Key): void {
    for (const resolve of [...(this.#gone.get(key) ?? [])]) resolve();
  }
}
