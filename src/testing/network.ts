import { type Clock, EtcdError, type MemberId, type Random } from "../base/index.js";
import type { Message } from "../raft/index.js";
import type { EtcdServer, PeerAccess, PeerLink, PeerNetwork } from "../server/index.js";
import { type PeerClient, PeerError, wholeFile } from "../transport/index.js";

/** The faults of a network. Chances are in thousandths. */
export interface Weather {
  readonly lossPerMille: number;
  readonly twicePerMille: number;
  readonly delayMsMax: number;
}

export const fair: Weather = { lossPerMille: 0, twicePerMille: 0, delayMsMax: 4 };

/** Delay and loss of the messages from and to one member. */
export interface Slowness {
  readonly latencyMs: number;
  readonly lossPerMille: number;
}

interface Host {
  /** The clock of the member's process. */
  readonly clock: Clock;
  readonly link: PeerLink;
  readonly server: () => EtcdServer | undefined;
  readonly peers: Set<MemberId>;
}

/** A network between members in one process. The seed decides which messages are lost, delayed or sent twice. */
export class VirtualNetwork {
  weather: Weather = fair;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #hosts = new Map<MemberId, Host>();
  /** Additional delay and loss of the messages from and to some members. */
  readonly #slow = new Map<MemberId, Slowness>();
  /** Pairs of members: messages from the first to the second are lost. */
  readonly #cut = new Set<string>();
  /** The time since which each pair is connected. */
  readonly #since = new Map<string, number>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * The parts of the network that a member needs at its start.
   *
   * @param clock the clock of the member's process
   * @param memberAt finds the member at a peer URL
   */
  access(
    clock: Clock,
    server: () => EtcdServer | undefined,
    memberAt: (url: string) => EtcdServer | undefined,
  ): PeerAccess {
    return {
      connect: (link) => this.#connect(clock, link, server),
      client: peerClient(
        (url, asker) => {
          const target = memberAt(url);
          if (target === undefined || !this.#connected(asker() ?? target.memberId, target.memberId)) {
            throw new PeerError("unreachable");
          }
          return target;
        },
        () => server()?.memberId,
      ),
    };
  }

  /** Loses all messages of `from` to `to` from now on. */
  cut(from: MemberId, to: MemberId): void {
    this.#cut.add(pair(from, to));
  }

  /** Lets the messages of `from` to `to` pass again. */
  join(from: MemberId, to: MemberId): void {
    this.#cut.delete(pair(from, to));
  }

  /** Loses all messages to and from the member. */
  isolate(id: MemberId, others: readonly MemberId[]): void {
    for (const other of others) {
      if (other === id) continue;
      this.cut(id, other);
      this.cut(other, id);
    }
  }

  /** Delays and loses messages from and to the member, in addition to the weather. */
  slow(id: MemberId, slowness: Slowness): void {
    this.#slow.set(id, slowness);
  }

  heal(): void {
    this.#cut.clear();
    this.#slow.clear();
    this.#since.clear();
  }

  /** Records that the member's process has ended, so that messages on their way to it are lost. */
  forget(id: MemberId): void {
    this.#hosts.delete(id);
  }

  #connect(clock: Clock, link: PeerLink, server: () => EtcdServer | undefined): PeerNetwork {
    const host: Host = { clock, link, server, peers: new Set() };
    const self = link.memberId;
    this.#hosts.set(self, host);
    return {
      send: (messages) => {
        if (this.#hosts.get(self) === host) for (const message of messages) this.#send(message);
      },
      sendSnapshot: (snapshot) => void this.#sendSnapshot(host, snapshot),
      addPeer: (id) => {
        host.peers.add(id);
        this.#activeSince(self, id);
      },
      addRemote: (id) => host.peers.add(id),
      updatePeer: () => undefined,
      removePeer: (id) => host.peers.delete(id),
      activeSince: (id) => this.#activeSince(self, id),
      activePeers: () => [...host.peers].filter((id) => this.#connected(self, id)).length,
      stop: async () => {
        if (this.#hosts.get(self) === host) this.#hosts.delete(self);
      },
    };
  }

  #connected(from: MemberId, to: MemberId): boolean {
    if (from === to) return true;
    return this.#hosts.has(to) && !this.#cut.has(pair(from, to)) && !this.#cut.has(pair(to, from));
  }

  #activeSince(from: MemberId, to: MemberId): number | undefined {
    const key = pair(from, to);
    if (!this.#connected(from, to)) {
      this.#since.delete(key);
      return undefined;
    }
    const since = this.#since.get(key) ?? this.#clock.now();
    this.#since.set(key, since);
    return since;
  }

  #send(message: Message): void {
    const { lossPerMille, twicePerMille } = this.weather;
    const host = this.#hosts.get(message.from as MemberId);
    if (!host?.peers.has(message.to as MemberId)) return;
    this.#activeSince(message.from as MemberId, message.to as MemberId);
    if (this.#random.int(1000) < lossPerMille) return;
    const slow = [message.from, message.to].flatMap((id) => this.#slow.get(id as MemberId) ?? []);
    if (slow.some((one) => this.#random.int(1000) < one.lossPerMille)) return;
    this.#deliver(message);
    if (this.#random.int(1000) < twicePerMille) this.#deliver(message);
  }

  #deliver(message: Message): void {
    const [from, to] = [message.from as MemberId, message.to as MemberId];
    const target = this.#hosts.get(to);
    const latencyMs = (this.#slow.get(from)?.latencyMs ?? 0) + (this.#slow.get(to)?.latencyMs ?? 0);
    this.#clock.after(latencyMs + 1 + this.#random.int(this.weather.delayMsMax), () => {
      if (target === undefined || this.#hosts.get(to) !== target || this.#cut.has(pair(from, to))) return;
      target.clock.after(0, () => {
        try {
          void target.link.raft.process(message);
        } catch {
          // A failed delivery is an answer with an error in the real network. The sender ignores it.
        }
      });
    });
  }

  async #sendSnapshot(host: Host, snapshot: Parameters<PeerNetwork["sendSnapshot"]>[0]): Promise<void> {
    const { message } = snapshot;
    const to = message.to as MemberId;
    const report = (outcome: "finish" | "failure"): void => {
      snapshot.release();
      this.#clock.after(1, () => {
        if (this.#hosts.get(host.link.memberId) === host) host.link.raft.reportSnapshot(to, outcome);
      });
    };
    const chunks: Uint8Array[] = [];
    for await (const chunk of snapshot.body(0)) chunks.push(chunk);
    const lost = this.#random.int(1000) < this.weather.lossPerMille;
    this.#clock.after(5 + this.#random.int(50), () => {
      const target = this.#hosts.get(to);
      if (target === undefined || lost || !this.#connected(host.link.memberId, to)) return report("failure");
      void target.link.snapshotSink(message, yieldAll(chunks), wholeFile).then(() => {
        try {
          void target.link.raft.process(message);
          report("finish");
        } catch {
          report("failure");
        }
      });
    });
  }
}

async function* yieldAll(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

function pair(from: MemberId, to: MemberId): string {
  return `${from}>${to}`;
}

/** Passes the requests that are made over HTTP to another member in this process. */
function peerClient(
  find: (url: string, asker: () => MemberId | undefined) => EtcdServer,
  asker: () => MemberId | undefined,
): PeerClient {
  const ask = async <Answer>(url: string, question: (server: EtcdServer) => Promise<Answer> | Answer) =>
    await question(find(url, asker));
  return {
    members: (url) => ask(url, ({ clusterId, peerService }) => ({ clusterId, members: peerService.members() })),
    versions: (url) =>
      ask(url, ({ peerService }) => ({ server: peerService.serverVersion, cluster: peerService.clusterVersion() })),
    promote: (url, id, token) => ask(url, ({ peerService }) => peerService.promote(id, token)),
    renewLease: (url, id) => ask(url, ({ peerService }) => peerService.renewLease(id)),
    leaseTimeToLive: (url, id, keys) => ask(url, ({ peerService }) => peerService.leaseTimeToLive(id, keys)),
    hashKv: (url, clusterId, revision) =>
      ask(url, (server) => {
        if (server.clusterId !== clusterId) throw new EtcdError("clusterIdMismatch");
        return server.peerService.hashKv(revision);
      }),
    downgradeEnabled: (url) => ask(url, ({ peerService }) => peerService.downgradeEnabled()),
    console: (url, question) => ask(url, ({ peerService }) => peerService.console(question)),
    stop: () => undefined,
  };
}
