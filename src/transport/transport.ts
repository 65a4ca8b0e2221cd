import type { IncomingMessage, ServerResponse } from "node:http";
import { assert, type MemberId } from "../base/index.js";
import { idText } from "../cluster/index.js";
import type { Message } from "../raft/index.js";
import type { OutgoingSnapshot, PeerTakes, TransportConfig } from "./config.js";
import { type CountersByPeer, PeerCounters } from "./counters.js";
import { Dialer } from "./dialer.js";
import type { Link } from "./link.js";
import { Peer } from "./peer.js";
import { PeerStatus } from "./peer-status.js";
import { arePeerUrls, PeerUrls } from "./peer-urls.js";
import { Pipeline } from "./pipeline.js";
import { Prober } from "./prober.js";
import { type KnownPeers, RaftHandler } from "./raft-handler.js";
import { refuse } from "./responses.js";
import { SnapshotSender } from "./snapshot-sender.js";

/** The most snapshots that are sent at once, to all peers. */
const snapshotsMax = 16;
/** The most remotes. They need a bound: anybody who knows the cluster's id can become one. */
const remotesMax = 64;

interface RunningPeer {
  readonly peer: Peer;
  readonly prober: Prober;
}

interface Remote {
  readonly link: Link;
  readonly pipeline: Pipeline;
}

/** The connections between one member and its peers. */
export class Transport {
  readonly #config: TransportConfig;
  readonly #dialer: Dialer;
  readonly #handler: RaftHandler;
  readonly #peers = new Map<MemberId, RunningPeer>();
  readonly #remotes = new Map<MemberId, Remote>();
  readonly #counters = new Map<MemberId, PeerCounters>();
  readonly #snapshots = new Map<SnapshotSender, { readonly to: MemberId; readonly done: Promise<void> }>();
  #stopped = false;

  constructor(config: TransportConfig) {
    this.#config = config;
    this.#dialer = new Dialer(config);
    const known: KnownPeers = {
      peer: (id) => this.#peers.get(id)?.peer,
      addRemote: (id, urls) => this.addRemote(id, urls),
      counters: (id) => this.#counters.get(id as MemberId),
    };
    this.#handler = new RaftHandler(config, known);
  }

  /** Answers `/raft` and all paths below it; returns false when the path belongs to another handler. */
  handler(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#stopped) return this.#handler.handle(request, response);
    refuse(response, 503, "the member is stopping");
    return true;
  }

  /** Passes messages to the connections of their targets; never waits, never throws. Not for `MsgSnap`. */
  send(messages: readonly Message[]): void {
    for (const message of messages) {
      assert(message.type !== "MsgSnap", "a snapshot travels with its database");
      const to = message.to as MemberId;
      const target = this.#peers.get(to)?.peer;
      if (target !== undefined) target.send(message);
      else if (this.#remotes.get(to)?.pipeline.offer(message) !== true) this.#unsent(message);
    }
    // Messages that were given together are sent together.
    for (const { peer } of this.#peers.values()) peer.flush();
  }

  /** Sends a snapshot to its target; `reportSnapshot` reports how that ended. */
  sendSnapshot(snapshot: OutgoingSnapshot): void {
    const { message } = snapshot;
    assert(message.type === "MsgSnap", "only a snapshot's message comes with a database");
    const to = message.to as MemberId;
    const link = this.#peers.get(to)?.peer.link;
    if (link === undefined || this.#snapshots.size >= snapshotsMax) {
      const reason = link === undefined ? "the peer is unknown" : "too many snapshots are being sent";
      this.#config.logger.warn("cannot send a snapshot to a peer", { "remote-peer-id": idText(to), error: reason });
      snapshot.release();
      // The report must come later: raft asks for the snapshot while it is handing out messages.
      setImmediate(() => this.#config.raft.reportSnapshot(to, "failure"));
      return;
    }
    const sender = new SnapshotSender(link, snapshot);
    const done = sender.send().finally(() => this.#snapshots.delete(sender));
    this.#snapshots.set(sender, { to, done });
  }

  /** @param urls URLs from the log; an etcd member may have accepted some that this transport cannot use */
  addPeer(id: MemberId, urls: readonly string[]): void {
    if (this.#stopped || this.#peers.has(id)) return;
    if (!arePeerUrls(urls)) {
      const fields = { "remote-peer-id": idText(id), "remote-peer-urls": urls };
      this.#config.logger.warn("cannot use the URLs of a peer", fields);
      return;
    }
    this.#removeRemote(id);
    const link = this.#link(id, urls);
    const peer = new Peer(link);
    const prober = new Prober(link);
    this.#peers.set(id, { peer, prober });
    peer.start();
    prober.start();
    this.#config.logger.info("added remote peer", { "remote-peer-id": idText(id), "remote-peer-urls": urls });
  }

  /** Adds a sender that the log does not name as a member yet: it gets answers, but no streams. */
  addRemote(id: MemberId, urls: readonly string[]): void {
    if (this.#stopped || this.#peers.has(id) || this.#remotes.has(id) || id === this.#config.memberId) return;
    if (this.#config.raft.isIdRemoved(id)) return;
    const fields = { "remote-peer-id": idText(id), "remote-peer-urls": urls };
    if (!arePeerUrls(urls) || this.#remotes.size >= remotesMax) {
      this.#config.logger.warn("did not add a remote peer: its URLs are invalid, or there are too many peers", fields);
      return;
    }
    const link = this.#link(id, urls);
    this.#remotes.set(id, { link, pipeline: new Pipeline(link) });
    this.#config.logger.info("added new remote peer", fields);
  }

  /** @param urls as for `addPeer`; a peer that could not be reached by its URLs before is added now */
  updatePeer(id: MemberId, urls: readonly string[]): void {
    const peer = this.#peers.get(id)?.peer;
    if (peer === undefined) {
      this.addPeer(id, urls);
    } else if (arePeerUrls(urls)) {
      peer.link.urls.update(urls);
      this.#config.logger.info("updated remote peer", { "remote-peer-id": idText(id), "remote-peer-urls": urls });
    } else {
      this.removePeer(id);
      this.addPeer(id, urls);
    }
  }

  /** Removes a peer or remote; does nothing when there is none with this id. */
  removePeer(id: MemberId): void {
    this.#removeRemote(id);
    const running = this.#peers.get(id);
    if (running === undefined) return;
    this.#peers.delete(id);
    running.prober.stop();
    running.peer.stop();
    for (const [sender, { to }] of this.#snapshots) if (to === id) sender.stop();
    this.#config.logger.info("removed remote peer", { "remote-peer-id": idText(id) });
  }

  /** Time on the clock's `now` since when the peer has been reachable; undefined while it is not. */
  activeSince(id: MemberId): number | undefined {
    return this.#peers.get(id)?.peer.link.status.since;
  }

  /** Forms of snapshots that a peer takes, as it said in its last request. */
  takes(id: MemberId): PeerTakes {
    return this.#peers.get(id)?.peer.link.takes ?? "file";
  }

  activePeers(): number {
    let active = 0;
    for (const { peer } of this.#peers.values()) if (peer.link.status.since !== undefined) active++;
    return active;
  }

  /** Counters of every peer that there has been. */
  get counters(): CountersByPeer {
    return this.#counters;
  }

  /** Closes all connections. Resolves when no work is left and every snapshot's source has been released. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const id of [...this.#remotes.keys()]) this.#removeRemote(id);
    for (const id of [...this.#peers.keys()]) this.removePeer(id);
    const sending = [...this.#snapshots.values()].map(({ done }) => done);
    for (const sender of this.#snapshots.keys()) sender.stop();
    this.#dialer.stop();
    await Promise.all(sending);
  }

  #link(id: MemberId, urls: readonly string[]): Link {
    const { clock, logger } = this.#config;
    const counters = this.#counters.get(id) ?? new PeerCounters();
    this.#counters.set(id, counters);
    const status = new PeerStatus(id, clock, logger, counters);
    const [config, dialer] = [this.#config, this.#dialer];
    return { id, config, dialer, urls: new PeerUrls(urls), status, counters, takes: "file" };
  }

  #removeRemote(id: MemberId): void {
    this.#remotes.get(id)?.pipeline.stop();
    this.#remotes.delete(id);
  }

  #unsent({ type, to }: Message): void {
    const fields = { "message-type": type, "remote-peer-id": to.toString(16) };
    this.#config.logger.debug("did not send a message", fields);
  }
}
