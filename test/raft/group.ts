import {
  createMessage,
  isLocalTarget,
  type Message,
  type NodeId,
  noNode,
  RaftError,
  type Snapshot,
} from "../../src/raft/index.js";
import { describeMessage, describeReady } from "./describe.js";
import { InteractionNode } from "./interaction-node.js";
import type { Settings } from "./node-options.js";
import type { Output } from "./output.js";

/** Nodes and the messages between them. Only these calls make them work, and all steps are printed. */
export class Group {
  readonly nodes: InteractionNode[] = [];
  readonly #output: Output;
  /** Messages that were sent and not delivered, in the order of sending. */
  #inFlight: Message[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  add(settings: Settings, snapshot: Snapshot | undefined): void {
    const id = BigInt(this.nodes.length + 1);
    this.nodes.push(new InteractionNode({ ...settings, id }, snapshot));
  }

  node(id: NodeId | undefined): InteractionNode {
    const node = this.nodes[Number(id) - 1];
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  tick(id: NodeId | undefined, times: number): void {
    for (let time = 0; time < times; time++) this.node(id).raw.tick();
  }

  /** Runs a function for each node in order, with a heading for each if there are several. */
  forEach(ids: readonly NodeId[], doing: string, run: (id: NodeId) => void): void {
    for (const id of ids) {
      if (ids.length === 1) {
        run(id);
        continue;
      }
      this.#output.write(`> ${id} ${doing}\n`);
      this.#output.indented(() => run(id));
    }
  }

  processReady(id: NodeId): void {
    const node = this.node(id);
    const ready = node.raw.ready();
    this.#output.write(describeReady(ready));
    if (!node.asynchronous) {
      node.store(ready.hardState ?? { term: 0, vote: noNode, commit: 0 }, ready.entries, ready.snapshot);
      node.apply(ready.committedEntries);
    }
    this.#inFlight.push(...node.queueLocal(ready.messages));
    if (!node.asynchronous) node.raw.advance();
  }

  processAppend(id: NodeId): void {
    const node = this.node(id);
    const message = node.appendWork.shift();
    if (message === undefined) this.#output.write("no append work to perform");
    else this.#carryOut(message, () => node.store(message, message.entries, message.snapshot));
  }

  processApply(id: NodeId): void {
    const node = this.node(id);
    const message = node.applyWork.shift();
    if (message === undefined) this.#output.write("no apply work to perform");
    else this.#carryOut(message, () => node.apply(message.entries));
  }

  #carryOut(message: Message, run: () => void): void {
    this.#output.write(`Processing:\n${describeMessage({ ...message, responses: [] })}\n`);
    run();
    this.#output.write("Responses:\n");
    for (const response of message.responses) this.#output.write(`${describeMessage(response)}\n`);
    this.#inFlight.push(...message.responses);
  }

  /** Runs nodes, network and storage threads in turn until no work is left. */
  stabilize(ids: readonly NodeId[]): void {
    let busy = true;
    const work = (id: NodeId, doing: string, run: () => void): void => {
      busy = true;
      this.#output.write(`> ${id} ${doing}\n`);
      this.#output.indented(run);
    };
    while (busy) {
      busy = false;
      for (const id of ids) {
        if (this.node(id).raw.hasReady()) work(id, "handling Ready", () => this.processReady(id));
      }
      for (const id of ids) {
        const waiting = this.#inFlight.some((message) => message.to === id);
        if (waiting) work(id, "receiving messages", () => this.deliver(id, undefined, false));
      }
      for (const id of ids) {
        const queue = this.node(id).appendWork;
        const drain = (): void => this.#drain(queue, () => this.processAppend(id));
        if (queue.length > 0) work(id, "processing append thread", drain);
      }
      for (const id of ids) {
        const queue = this.node(id).applyWork;
        const drain = (): void => this.#drain(queue, () => this.processApply(id));
        if (queue.length > 0) work(id, "processing apply thread", drain);
      }
    }
  }

  #drain(queue: readonly Message[], run: () => void): void {
    while (queue.length > 0) run();
  }

  /** Delivers or drops the messages on their way to a node. @returns their number */
  deliver(to: NodeId, type: string | undefined, drop: boolean): number {
    const taken: Message[] = [];
    const left: Message[] = [];
    for (const message of this.#inFlight) {
      // A message of a node to itself does not use the network, so it cannot be lost.
      const safe = drop && (message.from === message.to || isLocalTarget(message.from));
      const matches = message.to === to && !safe && (type === undefined || message.type === type);
      (matches ? taken : left).push(message);
    }
    this.#inFlight = left;
    for (const message of taken) {
      this.#output.write(`${drop ? "dropped: " : ""}${describeMessage(message)}\n`);
      if (!drop) this.#step(message);
    }
    return taken.length;
  }

  #step(message: Message): void {
    try {
      this.node(message.to).raw.step(message);
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      this.#output.write(`${error.message}\n`);
    }
  }

  sendSnapshot(from: NodeId | undefined, to: NodeId | undefined): void {
    const { storage, raw } = this.node(from);
    const { id, term } = raw.basicStatus();
    const message = createMessage("MsgSnap", to ?? noNode, id, term, { snapshot: storage.snapshot() });
    this.#inFlight.push(message);
    this.#output.write(describeMessage(message));
  }
}
