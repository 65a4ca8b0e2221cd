import { seededRandom } from "../../src/base/index.js";
import {
  type Config,
  createMessage,
  type Entry,
  emptyConfState,
  MemoryStorage,
  type Message,
  type MessageBody,
  type MessageType,
  type NodeId,
  RawNode,
  type Ready,
  silentRaftLogger,
} from "../../src/raft/index.js";
import { testCodec } from "./conf-change-codec.js";

export interface NodeSetup extends Partial<Config> {
  /** The number of voters, with ids from 1. The node has id 1 unless `id` is given. */
  readonly size?: number;
  readonly learners?: readonly NodeId[];
  /** The terms of the stored entries, from index 1. */
  readonly log?: readonly number[];
  readonly term?: number;
  readonly vote?: NodeId;
  readonly commit?: number;
  /** Memory for stored entries, in bytes. */
  readonly memoryBytes?: number;
}

/** A node, its storage, and the messages and entries that it has sent and applied so far. */
export class TestNode {
  readonly storage: MemoryStorage;
  readonly raw: RawNode;
  readonly applied: Entry[] = [];
  readonly reads: string[] = [];

  constructor(setup: NodeSetup = {}) {
    const { size = 3, learners = [], log = [], term, vote = 0n, commit = 0, memoryBytes, ...config } = setup;
    this.storage = new MemoryStorage(memoryBytes);
    const voters = Array.from({ length: size }, (_, at) => BigInt(at + 1));
    const confState = { ...emptyConfState, voters, learners };
    this.storage.applySnapshot({ metadata: { index: 0, term: 0, confState }, data: Buffer.alloc(0) });
    this.storage.append(entriesOf(log));
    this.storage.setHardState({ term: term ?? log.at(-1) ?? 0, vote, commit });
    this.raw = new RawNode({
      id: 1n,
      electionTicks: 10,
      heartbeatTicks: 1,
      storage: this.storage,
      random: seededRandom(7),
      logger: silentRaftLogger,
      codec: testCodec,
      maxSizePerMessage: Number.POSITIVE_INFINITY,
      maxInflightMessages: 256,
      ...config,
    });
  }

  /** Carries out all Readys. @returns the messages to other nodes */
  work(): Message[] {
    const sent: Message[] = [];
    while (this.raw.hasReady()) {
      const ready = this.raw.ready();
      this.store(ready);
      sent.push(...ready.messages);
      this.raw.advance();
    }
    return sent;
  }

  store({ hardState, entries, snapshot, committedEntries, readStates }: Ready): void {
    if (hardState !== undefined) this.storage.setHardState(hardState);
    if (snapshot !== undefined) this.storage.applySnapshot(snapshot);
    this.storage.append(entries);
    for (const { index, context } of readStates) this.reads.push(`${Buffer.from(context)}@${index}`);
    for (const entry of committedEntries) {
      this.applied.push(entry);
      if (entry.type !== "EntryNormal") this.raw.applyConfChange(testCodec.decode(entry.type, entry.data));
    }
  }

  /** Passes a message of another member to the node. By default it has the node's own term. */
  receive(type: MessageType, from: NodeId, body: MessageBody & { readonly term?: number } = {}): Message[] {
    this.raw.step(createMessage(type, this.raw.basicStatus().id, from, body.term ?? this.term, body));
    return this.work();
  }

  /** Makes the node the leader by the votes of all others. */
  lead(): this {
    this.raw.campaign();
    this.work();
    const { config } = this.raw.status();
    for (const id of config.voters) if (id !== 1n && !this.leads) this.receive("MsgVoteResp", id);
    return this;
  }

  propose(text: string): Message[] {
    this.raw.propose(Buffer.from(text));
    return this.work();
  }

  tick(times = 1): Message[] {
    const sent: Message[] = [];
    for (let time = 0; time < times; time++) {
      this.raw.tick();
      sent.push(...this.work());
    }
    return sent;
  }

  get leads(): boolean {
    return this.raw.basicStatus().state === "StateLeader";
  }

  get term(): number {
    return this.raw.basicStatus().term;
  }

  get commit(): number {
    return this.raw.basicStatus().commit;
  }

  /** The terms of the stored log. */
  get log(): number[] {
    const { storage } = this;
    const last = storage.lastIndex();
    if (last < storage.firstIndex()) return [];
    return storage.entries(storage.firstIndex(), last + 1, Number.POSITIVE_INFINITY).map((entry) => entry.term);
  }
}

/** Entries with the given terms, from index `first` on. */
export function entriesOf(terms: readonly number[], first = 1): Entry[] {
  return terms.map((term, at) => ({ term, index: first + at, type: "EntryNormal", data: Buffer.alloc(0) }));
}

/** A short text for each message, such as `MsgApp>2`. */
export function addressed(messages: readonly Message[]): string[] {
  return messages.map(({ type, to }) => `${type}>${to}`);
}

/** Passes messages between nodes with ids from 1 until there are none. Messages to `unreachable` nodes are lost. */
export function exchange(nodes: readonly TestNode[], unreachable: readonly NodeId[] = []): void {
  const deliver = (message: Message): Message[] => {
    const cut = unreachable.includes(message.to) || unreachable.includes(message.from);
    const target = cut ? undefined : nodes[Number(message.to) - 1];
    target?.raw.step(message);
    return target?.work() ?? [];
  };
  for (let sent = nodes.flatMap((node) => node.work()); sent.length > 0; ) sent = sent.flatMap(deliver);
}
