import type { Clock, Logger } from "../base/index.js";
import { Client, type CommonOptions, type Link } from "../client/index.js";
import type { RunningMember } from "../main/index.js";
import { DirectCalls } from "./direct-calls.js";
import type { HostHold } from "./host-hold.js";
import { saveSnapshot } from "./save-snapshot.js";

/** The surroundings of a member, as its handle needs them. */
export interface EtcdPlace {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hold: HostHold;
}

/** A running member in this process, from `startEtcd`. */
export class Etcd implements AsyncDisposable {
  /**
   * Resolves with the reason when the member cannot go on: its disk has failed, or it was removed from its cluster. It
   * then refuses all requests, and has to be stopped. Stays pending otherwise, also after `stop`.
   */
  readonly failed: Promise<Error>;
  readonly #member: RunningMember;
  readonly #hold: HostHold;
  readonly #direct: DirectCalls;
  readonly #clock: Clock;
  /** The clients that are not closed. */
  readonly #clients = new Set<Client>();
  #stopping: Promise<void> | undefined;

  constructor(member: RunningMember, { clock, logger, hold }: EtcdPlace) {
    const { server, served } = member;
    this.#direct = new DirectCalls({ ...served.calls, clock, logger, name: server.config.name });
    this.#clock = clock;
    this.#member = member;
    this.#hold = hold;
    const removed = server.removed.then(() => new Error("the member has been removed from its cluster"));
    this.failed = Promise.race([server.failed, removed]);
  }

  /** The URLs at which clients reach the member; none when it does not listen. */
  get endpoints(): readonly string[] {
    return this.#member.clientUrls;
  }

  /**
   * A client of this member that calls it directly: no socket is opened. It is closed when the member stops, unless it
   * was closed before.
   */
  client(options: CommonOptions = {}): Client {
    return this.#clientOver(this.#direct.link(), options);
  }

  /** A client that may do everything, also when authentication is enabled. */
  protected ownerClient(): Client {
    return this.#clientOver(this.#direct.link(true), {});
  }

  /** The way of clients to this member, for clients of a whole cluster. */
  protected link(): Link {
    return this.#direct.link();
  }

  /** Ends the member as the end of its process does: nothing more is written, and connections break. */
  protected async abandon(): Promise<void> {
    this.#stopping ??= this.#member.abandon();
    for (const client of this.#clients) client.close();
    this.#direct.stop();
    this.#hold.end();
    await this.#stopping;
  }

  /**
   * Writes the database to a file in etcd's format, with its SHA-256 at the end. `etcdctl snapshot restore` takes it.
   * The file appears when it is complete.
   */
  snapshot(path: string): Promise<void> {
    return saveSnapshot(this.#member.server, path);
  }

  /** The metrics in Prometheus's text format. */
  metrics(): Promise<string> {
    return this.#member.served.metrics();
  }

  /** Closes the clients, lets calls under way finish, writes all data, and closes everything that is open. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #clientOver(link: Link, options: CommonOptions): Client {
    const close = (): void => {
      this.#clients.delete(client);
      link.close();
    };
    const client = new Client({ clock: this.#clock, ...options, transport: { links: [{ ...link, close }] } });
    this.#clients.add(client);
    return client;
  }

  async #stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#direct.stop();
    try {
      await this.#member.stop();
    } finally {
      this.#hold.end();
    }
  }
}
