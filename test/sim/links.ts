import type { MemberId, Random } from "../../src/base/index.js";
import type { Message } from "../../src/raft/index.js";
import type { EtcdServer, PeerAccess, PeerLink, PeerNetwork } from "../../src/server/index.js";
import type { ProcessClock } from "../../src/testing/process-clock.js";
import { type OutgoingSnapshot, type PeerClient, PeerError, type PeerService } from "../../src/transport/index.js";
import { DatabaseSending, type Receiver, type Route } from "./database-sending.js";
import { asSent, checkReadable, type Release } from "./newer-member.js";
import type { Trace } from "./trace.js";

/** The faults of the network. Chances are in thousandths. */
export interface Weather {
  readonly lossPerMille: number;
  readonly twicePerMille: number;
  /** The maximum delay of a message, from 1 ms. Messages can overtake each other. */
  readonly delayMs: number;
}

export const fair: Weather = { lossPerMille: 0, twicePerMille: 0, delayMs: 3 };

/** A process on the network. */
export interface Station {
  readonly name: string;
  readonly peerUrl: string;
  readonly clock: ProcessClock;
  readonly release: Release;
  /** Whether the member takes databases as tables and in parts, and sends them so. */
  readonly takesTables: boolean;
  /** Ends the run with its first failure. */
  readonly fail: (error: unknown) => void;
  /** The server of the process; undefined while it starts. */
  readonly server: EtcdServer | undefined;
}

interface Connected extends Station {
  readonly link: PeerLink;
  readonly peers: Set<MemberId>;
  readonly receivers: WeakMap<Message, Receiver>;
}

/**
 * The network between members. The seed decides which messages are lost, delayed or sent twice, and which links are
 * cut.
 */
export class SimNetwork {
  weather: Weather = fair;
  /** Number of databases that arrived as tables. */
  tablesSent = 0;
  /** Number of times that the sending of a database was resumed behind its first byte. */
  resumed = 0;
  readonly #random: Random;
  readonly #trace: Trace;
  /** The running processes, by name. */
  readonly #stations = new Map<string, Station>();
  readonly #connected = new Map<MemberId, Connected>();
  /** The cut links: with `a>b` no message gets from a to b. */
  readonly #cut = new Set<string>();
  /** The databases that are on their way, with the names of their senders. */
  readonly #sendings = new Map<DatabaseSending, string>();
  readonly #since = new Map<string, number>();

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
  }

  /** Connects a process that starts. */
  enter(station: Station): PeerAccess {
    this.#stations.set(station.name, station);
    return { connect: (link) => this.#connect(station, link), client: this.#clientOf(station) };
  }

  /** Removes a process that has ended. Messages on their way to it are lost. */
  leave(name: string): void {
    this.#stations.delete(name);
    for (const [id, station] of this.#connected) if (station.name === name) this.#connected.delete(id);
    for (const [sending, from] of this.#sendings) if (from === name) sending.cut();
  }

  /** Loses all messages of `from` to `to` from now on. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  mend(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
    this.weather = fair;
  }

  #connect(station: Station, link: PeerLink): PeerNetwork {
    const peers = new Set<MemberId>();
    const self: Connected = {
      ...{ name: station.name, peerUrl: station.peerUrl, clock: station.clock, link, peers },
      ...{ release: station.release, takesTables: station.takesTables, fail: station.fail },
      receivers: new WeakMap(),
      get server() {
        return station.server;
      },
    };
    this.#connected.set(link.memberId, self);
    const isUp = (): boolean => this.#connected.get(link.memberId) === self;
    return {
      send: (messages) => {
        if (isUp()) for (const message of messages) this.#send(self, message);
      },
      sendSnapshot: (snapshot) => void this.#sendSnapshot(self, snapshot),
      takes: (id) => {
        const both = station.takesTables && this.#connected.get(id)?.takesTables === true;
        return both ? "indexed tables" : "file";
      },
      addPeer: (id) => void peers.add(id),
      addRemote: (id) => void peers.add(id),
      updatePeer: () => undefined,
      removePeer: (id) => void peers.delete(id),
      activeSince: (id) => this.#activeSince(self, id),
      activePeers: () => [...peers].filter((id) => this.#activeSince(self, id) !== undefined).length,
      stop: async () => {
        if (isUp()) this.leave(self.name);
      },
    };
  }

  /** Whether messages pass in both directions, as a connection needs. */
  #reaches(from: Station, to: Station | undefined): boolean {
    if (to === undefined || to.clock.paused) return false;
    return !this.#cut.has(`${from.name}>${to.name}`) && !this.#cut.has(`${to.name}>${from.name}`);
  }

  #activeSince(self: Connected, id: MemberId): number | undefined {
    const key = `${self.name}>${id}`;
    if (!this.#reaches(self, this.#connected.get(id))) {
      this.#since.delete(key);
      return undefined;
    }
    const since = this.#since.get(key) ?? self.clock.now();
    this.#since.set(key, since);
    return since;
  }

  /** Decides whether a message arrives. */
  #passes(from: string, to: string): boolean {
    return !this.#cut.has(`${from}>${to}`) && this.#random.int(1000) >= this.weather.lossPerMille;
  }

  #delay(): number {
    return 1 + this.#random.int(this.weather.delayMs);
  }

  #send(self: Connected, sent: Message): void {
    const to = sent.to as MemberId;
    if (!self.peers.has(to)) return;
    // The message is copied, so that no process can change a message that another one keeps.
    const message: Message = { ...sent, entries: [...sent.entries] };
    const target = this.#connected.get(to);
    if (target === undefined || !this.#passes(self.name, target.name)) {
      this.#trace.note(`${self.name} lost ${show(message)}`);
      // The sender notices some of the broken connections.
      if (this.#random.int(3) === 0) self.clock.after(this.#delay(), () => self.link.raft.reportUnreachable(to));
      return;
    }
    // A proposal that is delivered twice is proposed twice. Raft relies on connections to deliver it once.
    const once = message.type === "MsgProp" || this.#random.int(1000) >= this.weather.twicePerMille;
    const copies = once ? 1 : 2;
    for (let copy = 0; copy < copies; copy++) {
      target.clock.after(this.#delay(), () => this.#deliver(target, message));
    }
  }

  #deliver(target: Connected, message: Message): void {
    if (this.#connected.get(target.link.memberId) !== target) return;
    this.#trace.note(`${target.name} gets ${show(message)}`);
    // Members send their address when they connect, so a member that does not know the cluster yet can answer them.
    const from = message.from as MemberId;
    if (!target.link.raft.isIdRemoved(from)) target.peers.add(from);
    try {
      checkReadable(target.release, message);
    } catch (error) {
      target.fail(error);
      return;
    }
    try {
      void target.link.raft.process(message);
    } catch {
      // In the real network the sender gets an error, and raft sends the message again if necessary.
    }
  }

  async #sendSnapshot(self: Connected, snapshot: OutgoingSnapshot): Promise<void> {
    const message: Message = asSent(self.release, { ...snapshot.message, entries: [] });
    const to = message.to as MemberId;
    const target = this.#connected.get(to);
    const delay = (): number => this.#delay();
    const route: Route = {
      ...{ random: this.#random, clock: self.clock, delay },
      receiver: () => {
        const now = this.#connected.get(to);
        const isUp = this.#connected.get(self.link.memberId) === self;
        return isUp && now !== undefined && this.#reaches(self, now) ? this.#receiverOf(now, message) : undefined;
      },
      note: (what) => this.#trace.note(`${self.name} ${what}`),
    };
    this.#trace.note(`${self.name} sends ${show(message)} as ${snapshot.form}`);
    const resumable = target !== undefined && self.takesTables && target.takesTables;
    const sending = new DatabaseSending(route, snapshot, resumable);
    this.#sendings.set(sending, self.name);
    const outcome = await sending.send().then(
      () => "finish" as const,
      () => "failure" as const,
    );
    this.#sendings.delete(sending);
    snapshot.release();
    this.resumed += sending.resumed;
    if (outcome === "finish" && snapshot.form === "tables") this.tablesSent++;
    this.#trace.note(`${self.name} ends sending a database: ${outcome}`);
    self.clock.after(this.#delay(), () => self.link.raft.reportSnapshot(to, outcome));
  }

  /** The same object for the same process and message, so that a sender sees whether it still talks to that process. */
  #receiverOf(target: Connected, message: Message): Receiver {
    const found = target.receivers.get(message);
    if (found !== undefined) return found;
    const receiver: Receiver = {
      ...{ clock: target.clock, parts: target.link.parts },
      take: async (body, part) => {
        await target.link.snapshotSink(message, body, part);
        this.#deliver(target, message);
      },
    };
    target.receivers.set(message, receiver);
    return receiver;
  }

  /** Sends a request to the process at a URL. The request and the answer take time and can be lost. */
  #ask<Answer>(
    self: Station,
    url: string,
    signal: AbortSignal,
    question: (service: PeerService, release: Release) => Promise<Answer> | Answer,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new PeerError("no answer in time"));
      const end = (settle: () => void): void => {
        signal.removeEventListener("abort", giveUp);
        settle();
      };
      signal.addEventListener("abort", giveUp);
      const target = [...this.#stations.values()].find(({ peerUrl }) => peerUrl === url);
      if (target === undefined || !this.#reaches(self, target)) {
        self.clock.after(1, () => end(() => reject(new PeerError(`${url} is not reached`))));
        return;
      }
      const answer = (settle: () => void): void => {
        if (this.#passes(target.name, self.name)) self.clock.after(this.#delay(), () => end(settle));
      };
      if (!this.#passes(self.name, target.name)) return;
      target.clock.after(this.#delay(), () => {
        const { server } = target;
        if (server === undefined) return answer(() => reject(new PeerError(`${url} is starting`)));
        Promise.resolve(server.peerService)
          .then((service) => question(service, target.release))
          .then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          );
      });
    });
  }

  #clientOf(self: Station): PeerClient {
    return {
      members: (url, signal) =>
        this.#ask(self, url, signal, (peer) => ({ clusterId: peer.clusterId, members: peer.members() })),
      versions: (url, signal) =>
        this.#ask(self, url, signal, (peer, { version }) => ({ server: version, cluster: peer.clusterVersion() })),
      promote: (url, id, token, signal) => this.#ask(self, url, signal, (peer) => peer.promote(id, token)),
      renewLease: (url, id, signal) => this.#ask(self, url, signal, (peer) => peer.renewLease(id)),
      leaseTimeToLive: (url, id, keys, signal) =>
        this.#ask(self, url, signal, (peer) => peer.leaseTimeToLive(id, keys)),
      hashKv: (url, _clusterId, revision, signal) => this.#ask(self, url, signal, (peer) => peer.hashKv(revision)),
      downgradeEnabled: (url, signal) => this.#ask(self, url, signal, (peer) => peer.downgradeEnabled()),
      console: (url, question, signal) => this.#ask(self, url, signal, (peer) => peer.console(question)),
      stop: () => undefined,
    };
  }
}

function show({ type, from, term, index, logTerm, commit, entries, reject }: Message): string {
  const short = from.toString(16).slice(0, 4);
  return `${type} of ${short}@${term} ${index}/${logTerm} +${entries.length} c${commit}${reject ? " no" : ""}`;
}
