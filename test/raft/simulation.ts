import { type Random, seededRandom } from "../../src/base/index.js";
import {
  type ConfChange,
  type ConfChangeSingle,
  type ConfState,
  createMessage,
  type Entry,
  emptyConfState,
  isLocalTarget,
  type Message,
  type NodeId,
  RaftError,
  RawNode,
  type Ready,
  type Snapshot,
  silentRaftLogger,
} from "../../src/raft/index.js";
import { InvariantChecker } from "../../src/raft/invariants.js";
import { testCodec } from "./conf-change-codec.js";
import { Machine } from "./machine.js";

/** The settings of a simulated group and the strength of its faults. */
export interface Treatment {
  readonly seed: number;
  readonly voters: number;
  readonly asyncStorageWrites: boolean;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly confChanges: boolean;
  /** The percentage of messages that are lost, and of those that arrive twice. */
  readonly lossPercent: number;
}

interface Member {
  readonly id: NodeId;
  readonly machine: Machine;
  node: RawNode;
  /** The storage messages, in the order in which they must be carried out. */
  appendWork: Message[];
  applyWork: Message[];
  down: boolean;
}

interface Read {
  readonly committedThen: number;
}

/**
 * A group on a network that loses, repeats and reorders messages. Members crash and start again from their stored
 * state. All random choices come from the seed, and all invariants are checked after each step.
 */
export class Simulation {
  readonly #treatment: Treatment;
  readonly #random: Random;
  readonly #checker = new InvariantChecker();
  readonly #members = new Map<NodeId, Member>();
  readonly #reads = new Map<string, Read>();
  #network: Message[] = [];
  /** One side of a partition. Members on the same side are connected. */
  #half = new Set<NodeId>();
  #proposals = 0;
  /** Whether there are no more faults. */
  #calm = false;

  constructor(treatment: Treatment) {
    this.#treatment = treatment;
    this.#random = seededRandom(treatment.seed);
    const voters = Array.from({ length: treatment.voters }, (_, at) => BigInt(at + 1));
    const confState = { ...emptyConfState, voters };
    for (const id of voters) this.#addMember(id, { index: 1, term: 1, confState });
  }

  #addMember(id: NodeId, metadata: Snapshot["metadata"]): Member {
    const machine = new Machine(metadata);
    const member = { id, machine, node: this.#start(id, machine), appendWork: [], applyWork: [], down: false };
    this.#members.set(id, member);
    return member;
  }

  #start(id: NodeId, { storage, applied }: Machine): RawNode {
    const { seed, asyncStorageWrites, preVote, checkQuorum } = this.#treatment;
    return new RawNode({
      id,
      electionTicks: 8,
      heartbeatTicks: 2,
      storage,
      applied,
      random: seededRandom(seed * 31 + Number(id) + this.#proposals),
      logger: silentRaftLogger,
      codec: testCodec,
      maxSizePerMessage: 40,
      maxCommittedSizePerReady: 60,
      // With some seeds a node stores only one or two entries at a time.
      maxStoredSizePerReady: seed % 3 === 0 ? 30 : Number.POSITIVE_INFINITY,
      maxInflightMessages: 3,
      maxInflightBytes: 60,
      maxUncommittedEntriesSize: 200,
      asyncStorageWrites,
      preVote,
      checkQuorum,
      stepDownOnRemoval: seed % 2 === 0,
    });
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#step();
      this.#check();
    }
  }

  /** Ends all faults and lets the group settle. @returns the states of the voters' machines */
  settle(): ReadonlySet<string> {
    this.#calm = true;
    this.#half = new Set();
    for (const member of this.#members.values()) if (member.down) this.#restart(member);
    for (let round = 0; round < 400; round++) {
      // After so many rounds all members have applied again the entries from before their crash.
      if (round === 100) this.#stopRemoved();
      for (const member of this.#members.values()) {
        if (member.down) continue;
        if (round < 300) member.node.tick();
        while (this.#canWork(member)) this.#work(member);
      }
      for (const message of this.#network.splice(0)) this.#deliver(message);
      if (round === 200) this.#tryPropose("last");
      this.#check();
    }
    const voters = this.#leader()?.node.status().config.voters ?? [];
    return new Set(voters.map((id) => this.#members.get(id)?.machine.state ?? ""));
  }

  /** Stops removed members, as the application does. Without pre-vote they would go on to campaign. */
  #stopRemoved(): void {
    const [newest] = [...this.#members.values()].sort((left, right) => right.machine.applied - left.machine.applied);
    if (newest === undefined) return;
    const { voters, votersOutgoing, learners } = newest.machine.confState;
    const staying = new Set([...voters, ...votersOutgoing, ...learners]);
    for (const member of this.#members.values()) if (!staying.has(member.id)) this.#crash(member);
  }

  #check(): void {
    this.#checker.check([...this.#members.values()].filter(({ down }) => !down).map(({ node }) => node));
  }

  #step(): void {
    const member = this.#pick([...this.#members.values()]);
    if (member === undefined) return;
    const dice = this.#random.int(1000);
    if (member.down) {
      if (dice < 150) this.#restart(member);
    } else if (dice < 320) {
      member.node.tick();
    } else if (dice < 640) {
      if (this.#canWork(member)) this.#work(member);
    } else if (dice < 900) {
      this.#deliverSome();
    } else if (dice < 955) {
      this.#tryPropose(`${this.#proposals++};`);
    } else if (dice < 965) {
      this.#readIndex(member);
    } else if (dice < 972) {
      member.machine.compact(this.#random.int(4));
    } else if (dice < 978) {
      this.#crash(member);
    } else if (dice < 983) {
      this.#partition();
    } else if (dice < 988) {
      member.node.transferLeadership(this.#pick([...this.#members.keys()]) ?? 1n);
    } else if (dice < 991) {
      member.node.forgetLeader();
    } else if (dice < 994) {
      member.node.reportUnreachable(this.#pick([...this.#members.keys()]) ?? 1n);
    } else if (this.#treatment.confChanges) {
      this.#changeMembers();
    }
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[this.#random.int(Math.max(1, list.length))];
  }

  #leader(): Member | undefined {
    const leaders = [...this.#members.values()].filter(({ down, node }) => {
      return !down && node.basicStatus().state === "StateLeader";
    });
    return leaders.sort((left, right) => right.node.basicStatus().term - left.node.basicStatus().term)[0];
  }

  // ---- the network

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.#calm) {
        this.#network.push(message);
        continue;
      }
      if (this.#random.int(100) < this.#treatment.lossPercent) {
        // A lost snapshot must be reported. Otherwise the leader sends nothing more to the follower.
        if (message.type === "MsgSnap") this.#members.get(message.from)?.node.reportSnapshot(message.to, "failure");
        continue;
      }
      this.#network.push(message);
      if (this.#random.int(100) < this.#treatment.lossPercent) this.#network.push(message);
    }
  }

  #deliverSome(): void {
    const at = this.#random.int(Math.max(1, Math.min(6, this.#network.length)));
    const [message] = this.#network.splice(at, 1);
    if (message !== undefined) this.#deliver(message);
  }

  #deliver(message: Message): void {
    const { from, to, type } = message;
    const target = this.#members.get(to);
    const apart = from !== to && this.#half.size > 0 && this.#half.has(from) !== this.#half.has(to);
    if (type === "MsgSnap") {
      const sender = this.#members.get(from);
      const lost = apart || target === undefined || target.down;
      if (sender !== undefined && !sender.down) sender.node.reportSnapshot(to, lost ? "failure" : "finish");
    }
    if (target === undefined || target.down || apart) return;
    stepQuietly(target.node, message);
  }

  #partition(): void {
    this.#half = new Set([...this.#members.keys()].filter(() => this.#random.int(2) === 0));
  }

  // ---- a member's work

  #canWork(member: Member): boolean {
    return member.appendWork.length > 0 || member.applyWork.length > 0 || member.node.hasReady();
  }

  #work(member: Member): void {
    if (!this.#treatment.asyncStorageWrites) {
      this.#carryOut(member, member.node.ready());
      return;
    }
    const choices = [member.node.hasReady() && "ready", member.appendWork.length > 0 && "append"];
    const choice = this.#pick([...choices, member.applyWork.length > 0 && "apply"].filter(Boolean));
    if (choice === "ready") {
      const ready = member.node.ready();
      this.#takeReads(ready);
      for (const message of ready.messages) {
        if (!isLocalTarget(message.to)) this.#send([message]);
        else (message.type === "MsgStorageAppend" ? member.appendWork : member.applyWork).push(message);
      }
      return;
    }
    const message = (choice === "append" ? member.appendWork : member.applyWork).shift();
    if (message === undefined) return;
    if (choice === "append") member.machine.store(message, message.entries, message.snapshot);
    else member.machine.apply(member.node, message.entries);
    for (const response of message.responses) {
      if (response.to === member.id) stepQuietly(member.node, response);
      else this.#send([response]);
    }
  }

  #carryOut(member: Member, ready: Ready): void {
    // A crash before the write loses the whole Ready. A crash after it loses only the messages.
    const crash = this.#calm ? -1 : this.#random.int(200);
    if (crash !== 0) member.machine.store(ready.hardState, ready.entries, ready.snapshot);
    if (crash === 0 || crash === 1) {
      this.#crash(member);
      return;
    }
    this.#send(ready.messages);
    this.#takeReads(ready);
    member.machine.apply(member.node, ready.committedEntries);
    member.node.advance();
  }

  #crash(member: Member): void {
    member.down = true;
    member.appendWork = [];
    member.applyWork = [];
  }

  #restart(member: Member): void {
    member.machine.goBack();
    member.node = this.#start(member.id, member.machine);
    member.down = false;
  }

  // ---- the application

  #tryPropose(text: string): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    stepQuietly(leader.node, proposal(leader.id, text));
  }

  /** Makes a linearizable read. Its index must not be below the commit index at the time of the request. */
  #readIndex({ node }: Member): void {
    const context = `read${this.#reads.size}`;
    this.#reads.set(context, { committedThen: this.#checker.committed });
    node.readIndex(Buffer.from(context));
  }

  #takeReads({ readStates }: Ready): void {
    for (const { index, context } of readStates) {
      const read = this.#reads.get(Buffer.from(context).toString());
      if (read === undefined) throw new Error("a read that nobody asked for");
      if (index < read.committedThen) throw new Error(`stale read: ${index} < ${read.committedThen}`);
    }
  }

  #changeMembers(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    const count = 1 + this.#random.int(2);
    const changes = Array.from({ length: count }, () => this.#randomChange());
    const transitions = [
      "ConfChangeTransitionAuto",
      "ConfChangeTransitionJointImplicit",
      "ConfChangeTransitionJointExplicit",
    ] as const;
    const { config } = leader.node.status();
    const leave = config.votersOutgoing.length > 0 && !config.autoLeave;
    const transition = leave ? "ConfChangeTransitionAuto" : (this.#pick(transitions) ?? "ConfChangeTransitionAuto");
    const change: ConfChange = { version: 2, transition, changes: leave ? [] : changes, context: Buffer.alloc(0) };
    if (!leave && removesAll(config, changes)) return;
    try {
      leader.node.proposeConfChange(change);
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
    }
  }

  #randomChange(): ConfChangeSingle {
    const nodeId = BigInt(1 + this.#random.int(6));
    if (!this.#members.has(nodeId)) this.#addMember(nodeId, { index: 0, term: 0, confState: emptyConfState });
    const types = [
      "ConfChangeAddNode",
      "ConfChangeAddNode",
      "ConfChangeAddLearnerNode",
      "ConfChangeRemoveNode",
    ] as const;
    return { type: this.#pick(types) ?? "ConfChangeAddNode", nodeId };
  }
}

/** Whether fewer than two voters would remain. A group without its only voter could test nothing. */
function removesAll(config: ConfState, changes: readonly ConfChangeSingle[]): boolean {
  const left = new Set(config.voters);
  for (const { type, nodeId } of changes) {
    if (type === "ConfChangeAddNode") left.add(nodeId);
    else left.delete(nodeId);
  }
  return left.size < 2;
}

function proposal(from: NodeId, text: string): Message {
  const entry: Entry = { term: 0, index: 0, type: "EntryNormal", data: Buffer.from(text) };
  return createMessage("MsgProp", 0n, from, 0, { entries: [entry] });
}

/** Passes a message to a node, and ignores refusals. */
function stepQuietly(node: RawNode, message: Message): void {
  try {
    node.step(message);
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
  }
}
