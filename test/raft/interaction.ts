import { type NodeId, RaftError, StorageError } from "../../src/raft/index.js";
import { describeProgress } from "../../src/raft/progress.js";
import { raftOf } from "../../src/raft/raw-node.js";
import { type Argument, argument, type Block } from "./datadriven.js";
import { describeEntries, parseChanges } from "./describe.js";
import { Group } from "./group.js";
import { readSettings, readSnapshot } from "./node-options.js";
import { Output, ScriptError } from "./output.js";

type Command = (ids: readonly NodeId[], block: Block) => void;

/** A group of nodes that is controlled by the commands of a script. */
export class Interaction {
  readonly #output = new Output();
  readonly #group = new Group(this.#output);

  /** Runs a command. @returns its output */
  handle(block: Block): string {
    this.#output.take();
    try {
      const command = this.#commands[block.command];
      if (command === undefined) throw new ScriptError("unknown command");
      command(nodeIds(block.args), block);
    } catch (error) {
      if (!(error instanceof RaftError || error instanceof StorageError || error instanceof ScriptError)) throw error;
      if (this.#output.quiet) return error.message;
      this.#output.write(error.message);
    }
    const printed = this.#output.take();
    return printed === "" ? "ok" : printed;
  }

  readonly #commands: Readonly<Record<string, Command>> = {
    _breakpoint: () => {},
    "add-nodes": (_, { args }) => this.#addNodes(args),
    campaign: ([id]) => this.#group.node(id).raw.campaign(),
    compact: ([id, index]) => {
      this.#group.node(id).storage.compact(Number(index));
      this.#printLog(id);
    },
    "deliver-msgs": (_, { args }) => this.#deliver(args),
    "forget-leader": ([id]) => this.#group.node(id).raw.forgetLeader(),
    "log-level": (_, { args }) => this.#output.setLevel(args[0]?.key ?? ""),
    "process-append-thread": (ids) =>
      this.#group.forEach(ids, "processing append thread", (id) => this.#group.processAppend(id)),
    "process-apply-thread": (ids) =>
      this.#group.forEach(ids, "processing apply thread", (id) => this.#group.processApply(id)),
    "process-ready": (ids) => this.#group.forEach(ids, "handling Ready", (id) => this.#group.processReady(id)),
    propose: ([id], { args }) => this.#group.node(id).raw.propose(Buffer.from(args[1]?.key ?? "")),
    "propose-conf-change": ([id], block) => this.#proposeConfChange(id, block),
    "raft-log": ([id]) => this.#printLog(id),
    "raft-state": () => this.#printStates(),
    // The scripts of etcd-io/raft have no reads, but ours do.
    "read-index": ([id], { args }) => this.#group.node(id).raw.readIndex(Buffer.from(args[1]?.key ?? "")),
    "report-snapshot": ([id, member], { args }) =>
      this.#group
        .node(id)
        .raw.reportSnapshot(member ?? 0n, argument(args, "outcome") === "failure" ? "failure" : "finish"),
    "report-unreachable": ([id, member]) => this.#group.node(id).raw.reportUnreachable(member ?? 0n),
    "send-snapshot": ([from, to]) => this.#group.sendSnapshot(from, to),
    "set-randomized-election-timeout": ([id], { args }) => {
      raftOf(this.#group.node(id).raw).randomizedElectionTimeout = Number(argument(args, "timeout"));
    },
    stabilize: (ids, { args }) => this.#stabilize(ids, argument(args, "log-level")),
    status: ([id]) => this.#printStatus(id),
    "tick-election": ([id]) => this.#group.tick(id, this.#group.node(id).config.electionTicks),
    "tick-heartbeat": ([id]) => this.#group.tick(id, this.#group.node(id).config.heartbeatTicks),
    "transfer-leadership": (_, { args }) => {
      const [from, to] = ["from", "to"].map((key) => BigInt(argument(args, key) ?? ""));
      this.#group.node(from).raw.transferLeadership(to ?? 0n);
    },
  };

  #addNodes([count, ...options]: readonly Argument[]): void {
    const settings = readSettings(options, this.#output);
    const snapshot = readSnapshot(options);
    for (let added = 0; added < Number(count?.key); added++) this.#group.add(settings, snapshot);
  }

  #deliver(args: readonly Argument[]): void {
    const type = argument(args, "type");
    let delivered = 0;
    for (const { key, values } of args) {
      if (values.length === 0) delivered += this.#group.deliver(BigInt(key), type, false);
      else if (key === "drop") for (const id of values) delivered += this.#group.deliver(BigInt(id), type, true);
    }
    if (delivered === 0) this.#output.write("no messages\n");
  }

  #stabilize(ids: readonly NodeId[], level: string | undefined): void {
    const before = this.#output.level;
    if (level !== undefined) this.#output.setLevel(level);
    try {
      this.#group.stabilize(ids.length > 0 ? ids : this.#group.nodes.map((node) => node.config.id));
    } finally {
      this.#output.level = before;
    }
  }

  #proposeConfChange(id: NodeId | undefined, { args, input }: Block): void {
    const unknown = args.slice(1).find(({ key }) => key !== "v1" && key !== "transition");
    if (unknown !== undefined) throw new ScriptError(`unknown command ${unknown.key}`);
    const changes = parseChanges(input);
    const transition = readTransition(argument(args, "transition") ?? "auto");
    const context = Buffer.alloc(0);
    const { raw } = this.#group.node(id);
    if (argument(args, "v1") !== "true") {
      raw.proposeConfChange({ version: 2, transition, changes, context });
      return;
    }
    const [only, ...more] = changes;
    if (only === undefined || more.length > 0 || transition !== "ConfChangeTransitionAuto") {
      throw new ScriptError("v1 conf change can only have one operation and no transition");
    }
    raw.proposeConfChange({ version: 1, id: 0n, ...only, context });
  }

  #printLog(id: NodeId | undefined): void {
    const { storage } = this.#group.node(id);
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    if (last < first) this.#output.write(`log is empty: first index=${first}, last index=${last}`);
    else this.#output.write(describeEntries(storage.entries(first, last + 1, Number.POSITIVE_INFINITY)));
  }

  #printStates(): void {
    for (const { raw } of this.#group.nodes) {
      const { id, state, term, lead, config } = raw.status();
      const voter = config.voters.includes(id) || config.votersOutgoing.includes(id);
      this.#output.write(`${id}: ${state} ${voter ? "(Voter)" : "(Non-Voter)"} Term:${term} Lead:${lead}\n`);
    }
  }

  #printStatus(id: NodeId | undefined): void {
    for (const [member, view] of this.#group.node(id).raw.status().progress) {
      this.#output.write(`${member}: ${describeProgress(view)}\n`);
    }
  }
}

function readTransition(name: string) {
  switch (name) {
    case "auto":
      return "ConfChangeTransitionAuto";
    case "implicit":
      return "ConfChangeTransitionJointImplicit";
    case "explicit":
      return "ConfChangeTransitionJointExplicit";
    default:
      throw new ScriptError(`unknown transition ${name}`);
  }
}

/** The node ids: the arguments that are plain numbers. */
function nodeIds(args: readonly Argument[]): NodeId[] {
  return args.filter(({ key, values }) => values.length === 0 && /^\d+$/.test(key)).map(({ key }) => BigInt(key));
}
