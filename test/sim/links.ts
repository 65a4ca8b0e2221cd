import type { MemberId, Random } from "../../src/base/index.js";
import type { Message } from "../../src/raft/index.js";
import type { EtcdServer, PeerAccess, PeerLink, PeerNetwork } from "../../src/server/index.js";
import type { ProcessClock } from "../../src/testing/process-clock.js";
import {
  type OutgoingSnapshot,
  type PeerClient,
  PeerError,
  type PeerService,
  wholeFile,
} from "../../src/transport/index.js";
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
  /** Ends the run with its first failure. */
  readonly fail: (error: unknown) => void;
  /** The server of the process; undefined while it starts. */
  readonly server: EtcdServer | undefined;
}

interface Connected extends Station {
  readonly link: PeerLink;
  readonly peers: Set<MemberId>;
}

/**
 * The network between members. The seed decides which messages are lost, delayed or sent twice, and which links are
 * cut.
 */
export class SimNetwork {
  weather: Weather = fair;
  readonly #random: Random;
  readonly #trace: Trace;
  /** The running processes, by name. */
  readonly #stations = new Map<string, Station>();
  readonly #connected = new Map<MemberId, Connected>();
  /** The cut links: with `a>b` no message gets from a to b. */
  readonly #cut = new Set<string>();
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
      ...{ release: station.release, fail: station.fail },
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
    let reported = false;
    const report = (outcome: "finish" | "failure"): void => {
      if (reported) return;
      reported = true;
      self.clock.after(this.#delay(), () => self.link.raft.reportSnapshot(to, outcome));
    };
    const chunks = await allOf(snapshot.body(0));
    snapshot.release();
    const target = this.#connected.get(to);
    const lost = target === undefined || !this.#reaches(self, target) || !this.#passes(self.name, target.name);
    if (lost || chunks === undefined) return report("failure");
    const broken = this.#random.int(10) === 0;
    this.#trace.note(`${self.name} sends ${show(message)}${broken ? ", cut short" : ""}`);
    target.clock.after(this.#delay() + this.#random.int(50), () => {
      target.link.snapshotSink(message, broken ? cutShort(chunks) : whole(chunks), wholeFile).then(
        () => {
          this.#deliver(target, message);
          report("finish");
        },
        () => report("failure"),
      );
    });
    // A connection to a process that has ended breaks.
    self.clock.after(2_000, () => {
      if (target.clock.dead) report("failure");
    });
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

/** Reads a whole body. @returns undefined if it breaks off because its member stops */
async function allOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[] | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return chunks;
}

async function* whole(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* cutShort(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks.slice(0, -1);
  throw new Error("the connection broke");
}

function show({ type, from, term, index, logTerm, commit, entries, reject }: Message): string {
  const short = from.toString(16).slice(0, 4);
  return `${type} of ${short}@${term} ${index}/${logTerm} +${entries.length} c${commit}${reject ? " no" : ""}`;
}
