import { deserialize } from "node:v8";
import {
  asError,
  assert,
  ByteSlab,
  type Clock,
  type ErrorKind,
  type MemberId,
  type RequestId,
} from "../../base/index.js";
import type { ConfChangeV1, Entry, Message, ReadState, Snapshot, SoftState } from "../../raft/index.js";
import { type MessageReader, type MessageWriter, type Port, readError, writeError } from "../../threads/index.js";
import { decodeMessage, encodeMessage, type PeerTakes } from "../../transport/index.js";
import type { ConsensusPlace } from "../server-deps.js";
import { ArrivingDatabases } from "./arriving-databases.js";
import { confChangeCodec } from "./conf-change-codec.js";
import type { ConsensusClient, ConsensusCore, OpenedConsensus } from "./contract.js";
import type { LogCounters } from "./log-counters.js";
import { writeCounts } from "./port-counters.js";
import { read, write } from "./port-fields.js";
import { toClient, toCore } from "./port-kinds.js";
import { writeStatus } from "./port-status.js";

export interface CoreHostConfig {
  /** The other end of the port of `openRemotely`. */
  readonly port: Port;
  readonly clock: Clock;
  readonly counters: LogCounters;
  /** Opens consensus on this event loop. */
  readonly open: (place: ConsensusPlace) => Promise<OpenedConsensus>;
  /** Called when raft is driven, so that peers may send messages. */
  readonly onStarted?: (place: ConsensusPlace) => void;
}

/** Consensus for an owner of the keys on another event loop: carries out its calls, and sends it the events. */
export class CoreHost implements ConsensusClient {
  readonly #config: CoreHostConfig;
  readonly #port: Port;
  readonly #databases: ArrivingDatabases;
  /** The memory for proposed data, which the raft log keeps and drops in its order. */
  readonly #entries = new ByteSlab();
  #core: ConsensusCore | undefined;
  #place: ConsensusPlace | undefined;
  /** The peers whose connections the other side is told about, and since when they were reachable at the last time. */
  #peers: readonly MemberId[] = [];
  #told: readonly (number | undefined)[] = [];
  /** The commit index, and the one that the other side was told of. */
  #commit = 0;
  #toldCommit = 0;

  constructor(config: CoreHostConfig) {
    this.#config = config;
    this.#port = config.port;
    this.#databases = new ArrivingDatabases(config.port);
    config.port.listen((kind, message) => this.#take(kind, message));
  }

  beforeReady(): void {
    // The other side sends its ReadIndex requests without being asked.
  }

  /**
   * The other side hears of it with the next message, which it may wait for: only what is posted later may assume that
   * it has. So a commit index alone does not wake it.
   */
  commitMoved(index: number): void {
    this.#commit = Math.max(this.#commit, index);
  }

  leaderNews(state: SoftState, term: number): void {
    const message = this.#post(toClient.leaderNews);
    write.softState(message, state);
    message.number(term);
  }

  readStates(states: readonly ReadState[]): void {
    write.readStates(this.#post(toClient.readStates), states);
  }

  committed(entries: readonly Entry[]): void {
    write.entries(this.#post(toClient.committed), entries);
  }

  restored(snapshot: Snapshot): void {
    write.snapshot(this.#post(toClient.restored), snapshot);
  }

  refused(id: RequestId, reason: ErrorKind): void {
    this.#post(toClient.refused).id(id).latin1(reason);
  }

  tick(): void {
    this.#post(toClient.tick);
    this.#tellConnections();
  }

  commitDatabase(): void {
    this.#post(toClient.commitDatabase);
  }

  snapshotRecorded(index: number): void {
    this.#post(toClient.snapshotRecorded).number(index);
  }

  sendSnapshot(message: Message, takes: PeerTakes): void {
    this.#post(toClient.sendSnapshot).latin1(takes).bytes(encodeMessage(message));
  }

  removed(): void {
    this.#post(toClient.removed);
  }

  failed(error: Error): void {
    writeError(this.#post(toClient.failed), error);
  }

  /** Begins a message, after one about the commit index if that has moved. */
  #post(kind: number): MessageWriter {
    if (this.#commit > this.#toldCommit) {
      this.#toldCommit = this.#commit;
      this.#port.post(toClient.commitMoved).number(this.#commit);
    }
    return this.#port.post(kind);
  }

  #take(kind: number, message: MessageReader): void {
    if (kind === toCore.open) {
      void this.#open(deserialize(message.bytes()) as ConsensusPlace);
      return;
    }
    const core = this.#core;
    assert(core !== undefined, "consensus is opened before it is used");
    if (!this.#called(core, kind, message)) this.#asked(core, kind, message.number());
  }

  async #open(place: ConsensusPlace): Promise<void> {
    try {
      const opened = await this.#config.open(place);
      this.#place = place;
      this.#core = opened.connect(this);
      const message = this.#post(toClient.opened).number(opened.commit);
      write.confState(message, opened.confState);
    } catch (error) {
      writeError(this.#post(toClient.notOpened), error);
    }
  }

  /** Carries out a call. @returns false when the message is a question */
  #called(core: ConsensusCore, kind: number, message: MessageReader): boolean {
    switch (kind) {
      case toCore.propose:
        core.propose(message.id() as RequestId, this.#entries.keep(message.bytes()));
        break;
      case toCore.applied:
        core.applied(message.number());
        break;
      case toCore.readIndex:
        core.readIndex(message.bytes());
        break;
      case toCore.proposeInTerm:
        core.proposeInTerm(message.id() as RequestId, message.number(), this.#entries.keep(message.bytes()));
        break;
      case toCore.proposeConfChange:
        core.proposeConfChange(readConfChange(message));
        break;
      case toCore.withdraw:
        core.withdraw(message.id() as RequestId);
        break;
      case toCore.transferLeadership:
        core.transferLeadership(message.id());
        break;
      case toCore.applyConfChange: {
        const change = readConfChange(message);
        core.applyConfChange(change, read.confState(message));
        break;
      }
      case toCore.start:
      case toCore.membersAre:
        this.#meet(core, kind === toCore.start, message);
        break;
      case toCore.recordSnapshot:
        core.recordSnapshot(read.metadata(message));
        break;
      case toCore.cutLog:
        core.cutLog(message.number());
        break;
      case toCore.snapshotUnsent:
        core.snapshotUnsent(message.id());
        break;
      case toCore.sendSnapshot: {
        const arriving = this.#databases.add(message.number());
        const [bodyBytes, tables] = [message.number(), message.number()];
        const form = tables === 1 ? "tables" : "file";
        core.sendSnapshot({ ...arriving, form, bodyBytes, message: decodeMessage(message.bytes()) });
        break;
      }
      case toCore.piece:
        this.#databases.piece(message.number(), message.number(), message.bytes());
        break;
      case toCore.pieceEnd:
        this.#databases.end(message.number(), message.number(), undefined);
        break;
      case toCore.pieceError:
        this.#databases.end(message.number(), message.number(), readError(message));
        break;
      default:
        return false;
    }
    return true;
  }

  #meet(core: ConsensusCore, starting: boolean, message: MessageReader): void {
    const { members, removed } = read.members(message);
    this.#peers = members.map(({ id }) => id);
    this.#told = [];
    if (starting) core.start(members, removed);
    else core.membersAre(members, removed);
    if (starting && this.#place !== undefined) this.#config.onStarted?.(this.#place);
  }

  /** Answers a question with this number. */
  #asked(core: ConsensusCore, kind: number, number: number): void {
    this.#answer(core, kind).then(
      (write) => write(this.#post(toClient.answer).number(number)),
      (error: unknown) => writeError(this.#post(toClient.answerError).number(number), asError(error)),
    );
  }

  /** @returns writes the answer */
  async #answer(core: ConsensusCore, kind: number): Promise<(message: MessageWriter) => void> {
    switch (kind) {
      case toCore.commitIndex: {
        const index = await core.commitIndex();
        return (message) => void message.number(index);
      }
      case toCore.status: {
        const status = await core.status();
        return (message) => writeStatus(message, status);
      }
      case toCore.count:
        await core.countNow();
        return (message) => writeCounts(message, this.#config.counters, core.numbers);
      case toCore.settled:
        await core.settled();
        return nothing;
      case toCore.stop:
        await core.stop();
        return nothing;
      default:
        assert(kind === toCore.close, "the owner of the keys sends messages of a known kind");
        await core.close();
        return nothing;
    }
  }

  /** Tells the other side since when the peers have been reachable, if that has changed. */
  #tellConnections(): void {
    const core = this.#core;
    if (core === undefined) return;
    const since = this.#peers.map((id) => core.activeSince(id));
    if (since.length === this.#told.length && since.every((time, at) => time === this.#told[at])) return;
    this.#told = since;
    const now = this.#config.clock.now();
    const reachable = this.#peers.flatMap((id, at) => {
      const time = since[at];
      return time === undefined ? [] : [{ id, ageMs: now - time }];
    });
    const message = this.#post(toClient.connections).number(reachable.length);
    for (const { id, ageMs } of reachable) message.id(id).double(ageMs);
  }
}

const nothing = (): void => undefined;

function readConfChange(message: MessageReader): ConfChangeV1 {
  const change = confChangeCodec.decode("EntryConfChange", message.bytes());
  assert(change.version === 1, "a change of this type changes one member");
  return change;
}
