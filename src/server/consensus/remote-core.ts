import { serialize } from "node:v8";
import { assert, type Clock, type ErrorKind, EtcdError, type MemberId, type RequestId } from "../../base/index.js";
import {
  type ConfChangeV1,
  type ConfState,
  type NodeId,
  noNode,
  type SnapshotMetadata,
  type Status,
} from "../../raft/index.js";
import { type MessageReader, type MessageWriter, type Port, readError } from "../../threads/index.js";
import { decodeMessage, encodeMessage, type OutgoingSnapshot, type PeerTakes } from "../../transport/index.js";
import type { ConsensusPlace } from "../server-deps.js";
import { confChangeCodec } from "./conf-change-codec.js";
import type { ConsensusClient, ConsensusCore, ConsensusNumbers, OpenedConsensus, PeerAddress } from "./contract.js";
import type { LogCounters } from "./log-counters.js";
import { readCounts } from "./port-counters.js";
import { list, read, write } from "./port-fields.js";
import { toClient, toCore } from "./port-kinds.js";
import { readStatus } from "./port-status.js";
import { SentDatabases } from "./sent-databases.js";

/**
 * How long consensus may not know what has been applied. It hands out at most 8 MiB of entries ahead of that, and holds
 * back changes of the membership.
 */
const appliedMs = 2;

export interface RemoteCoreConfig {
  readonly port: Port;
  readonly clock: Clock;
  /** Takes over the counters of the other event loop whenever they are asked for. */
  readonly counters: LogCounters;
}

/** A question to consensus that is not answered yet. */
interface Question {
  readonly answer: (message: MessageReader) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Opens consensus on another event loop, where a `CoreHost` is at the other end of the port.
 *
 * @throws Error when the host could not read its log
 */
export async function openRemotely(config: RemoteCoreConfig, place: ConsensusPlace): Promise<OpenedConsensus> {
  const { port } = config;
  const core = new RemoteCore(config);
  const opened = await new Promise<Pick<OpenedConsensus, "commit" | "confState">>((resolve, reject) => {
    port.listen((kind, message) => {
      if (kind === toClient.opened) {
        const commit = message.number();
        resolve({ commit, confState: read.confState(message) });
      } else if (kind === toClient.notOpened) reject(readError(message));
      else core.take(kind, message);
    });
    port.post(toCore.open).bytes(serialize(place));
  });
  return {
    ...opened,
    connect: (client) => core.connect(client),
    close: () => core.close(),
  };
}

/** Consensus on another event loop. Calls and events cross as messages, in their order. */
class RemoteCore implements ConsensusCore {
  readonly #config: RemoteCoreConfig;
  readonly #port: Port;
  readonly #databases: SentDatabases;
  #client: ConsensusClient | undefined;
  readonly #questions = new Map<number, Question>();
  #asked = 0;
  /** The time, by the clock, since which each reachable peer has been reachable. */
  #activeSince: ReadonlyMap<MemberId, number> = new Map();
  #numbers: ConsensusNumbers = { walBytes: 0, peers: new Map() };
  #askingSoon = false;
  #hasLeader = false;
  /** The index up to which entries are applied, and the one that consensus was told of. */
  #applied = 0;
  #toldApplied = 0;
  /** Whether consensus will be told soon, if no message has done so by then. */
  #tellingApplied = false;
  #stopped = false;
  #closed = false;

  constructor(config: RemoteCoreConfig) {
    this.#config = config;
    this.#port = config.port;
    this.#databases = new SentDatabases(config.port);
  }

  connect(client: ConsensusClient): ConsensusCore {
    this.#client = client;
    return this;
  }

  start(members: readonly PeerAddress[], removed: readonly MemberId[]): void {
    write.members(this.#post(toCore.start), members, removed);
  }

  propose(id: RequestId, data: Uint8Array): void {
    this.#post(toCore.propose).id(id).bytes(data);
  }

  proposeInTerm(id: RequestId, term: number, data: Uint8Array): void {
    this.#post(toCore.proposeInTerm).id(id).number(term).bytes(data);
  }

  proposeConfChange(change: ConfChangeV1): void {
    this.#post(toCore.proposeConfChange).bytes(confChangeCodec.encode(change));
  }

  withdraw(id: RequestId): void {
    this.#post(toCore.withdraw).id(id);
  }

  /** Lets the reads of this turn join before the request is sent, together with the other messages of the turn. */
  askSoon(): void {
    if (this.#askingSoon || this.#stopped) return;
    this.#askingSoon = true;
    setImmediate(() => {
      this.#askingSoon = false;
      if (this.#stopped) return;
      this.#client?.beforeReady();
      this.#port.flush();
    });
  }

  readIndex(context: Uint8Array): void {
    this.#post(toCore.readIndex).bytes(context);
  }

  transferLeadership(to: NodeId): void {
    this.#post(toCore.transferLeadership).id(to);
  }

  /**
   * Consensus hears of it with the next message, or a moment later: it is no reason to wake it at once. Without a
   * leader it is, since the first election may wait for what the log contained at the start.
   */
  applied(index: number): void {
    this.#applied = index;
    if (!this.#hasLeader) this.#tellApplied();
    if (this.#tellingApplied || !this.#hasLeader) return;
    this.#tellingApplied = true;
    this.#config.clock.after(appliedMs, () => {
      this.#tellingApplied = false;
      if (!this.#stopped) this.#tellApplied();
    });
  }

  applyConfChange(change: ConfChangeV1, state: ConfState): void {
    write.confState(this.#post(toCore.applyConfChange).bytes(confChangeCodec.encode(change)), state);
  }

  membersAre(members: readonly PeerAddress[], removed: readonly MemberId[]): void {
    write.members(this.#post(toCore.membersAre), members, removed);
  }

  recordSnapshot(covered: SnapshotMetadata): void {
    write.metadata(this.#post(toCore.recordSnapshot), covered);
  }

  cutLog(dropThrough: number): void {
    this.#post(toCore.cutLog).number(dropThrough);
  }

  sendSnapshot(snapshot: OutgoingSnapshot): void {
    const number = this.#databases.add(snapshot);
    const message = this.#post(toCore.sendSnapshot).number(number).number(snapshot.bodyBytes);
    message.number(snapshot.form === "tables" ? 1 : 0);
    message.bytes(encodeMessage(snapshot.message));
  }

  snapshotUnsent(to: NodeId): void {
    this.#post(toCore.snapshotUnsent).id(to);
  }

  /** Asks in the order of the port, so that consensus answers after all that it has told other members before. */
  commitIndex(): Promise<number> {
    return this.#ask(toCore.commitIndex, (message) => message.number());
  }

  status(): Promise<Status> {
    return this.#ask(toCore.status, readStatus);
  }

  activeSince(id: MemberId): number | undefined {
    return this.#activeSince.get(id);
  }

  get numbers(): ConsensusNumbers {
    return this.#numbers;
  }

  async countNow(): Promise<void> {
    if (this.#stopped) return;
    this.#numbers = await this.#ask(toCore.count, (message) => readCounts(message, this.#config.counters));
  }

  async settled(): Promise<void> {
    await this.#ask(toCore.settled, () => undefined);
  }

  async stop(): Promise<void> {
    this.#databases.stop();
    const stopped = this.#ask(toCore.stop, () => undefined);
    this.#stopped = true;
    await stopped;
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#ask(toCore.close, () => undefined);
    this.#closed = true;
    this.#port.close();
    for (const { fail } of this.#questions.values()) fail(new EtcdError("stopped"));
    this.#questions.clear();
  }

  /** Takes a message of consensus. */
  take(kind: number, message: MessageReader): void {
    if (kind === toClient.answer || kind === toClient.answerError) this.#answered(kind, message);
    else if (kind === toClient.wantPieces) {
      this.#databases.want(message.number(), message.number(), message.number());
    } else if (kind === toClient.beginPieces) {
      this.#databases.begin(message.number(), message.number(), message.number());
    } else if (kind === toClient.dropPieces) this.#databases.drop(message.number());
    else if (kind === toClient.connections) this.#readConnections(message);
    else if (kind === toClient.leaderNews) this.#leaderNews(message);
    else {
      const event = events.get(kind);
      assert(event !== undefined, "consensus sends messages of a known kind");
      if (this.#client !== undefined) event(this.#client, message);
    }
  }

  /** Begins a message, after one about what has been applied. */
  #post(kind: number): MessageWriter {
    this.#tellApplied();
    return this.#port.post(kind);
  }

  #tellApplied(): void {
    if (this.#applied === this.#toldApplied) return;
    this.#toldApplied = this.#applied;
    this.#port.post(toCore.applied).number(this.#applied);
  }

  #ask<Answer>(kind: number, read: (message: MessageReader) => Answer): Promise<Answer> {
    if (this.#closed) return Promise.reject(new EtcdError("stopped"));
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#questions.set(number, { answer: (message) => resolve(read(message)), fail: reject });
      this.#post(kind).number(number);
    });
  }

  #answered(kind: number, message: MessageReader): void {
    const number = message.number();
    const question = this.#questions.get(number);
    this.#questions.delete(number);
    if (kind === toClient.answer) question?.answer(message);
    else question?.fail(readError(message));
  }

  #leaderNews(message: MessageReader): void {
    const state = read.softState(message);
    this.#hasLeader = state.lead !== noNode;
    this.#client?.leaderNews(state, message.number());
  }

  #readConnections(message: MessageReader): void {
    const now = this.#config.clock.now();
    // The clocks of two threads count from different times, so the message says how long ago it was.
    this.#activeSince = new Map(list(message, () => [message.id() as MemberId, now - message.double()]));
  }
}

type Event = (client: ConsensusClient, message: MessageReader) => void;

/** How each event is read from its message. */
const events = new Map<number, Event>([
  [toClient.commitMoved, (client, message) => client.commitMoved(message.number())],
  [toClient.committed, (client, message) => client.committed(read.entries(message))],
  [toClient.readStates, (client, message) => client.readStates(read.readStates(message))],
  [toClient.restored, (client, message) => client.restored(read.snapshot(message))],
  [toClient.refused, (client, message) => client.refused(message.id() as RequestId, message.latin1() as ErrorKind)],
  [toClient.tick, (client) => client.tick()],
  [toClient.commitDatabase, (client) => client.commitDatabase()],
  [toClient.snapshotRecorded, (client, message) => client.snapshotRecorded(message.number())],
  [
    toClient.sendSnapshot,
    (client, message) => {
      const takes = message.latin1() as PeerTakes;
      client.sendSnapshot(decodeMessage(message.bytes()), takes);
    },
  ],
  [toClient.removed, (client) => client.removed()],
  [toClient.failed, (client, message) => client.failed(readError(message))],
]);
