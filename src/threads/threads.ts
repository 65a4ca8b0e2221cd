import { type MessagePort, Worker } from "node:worker_threads";
import { asError, type Clock } from "../base/index.js";
import { readError } from "./crossing-error.js";
import { LoopLoad } from "./loop-load.js";
import { controlKinds } from "./thread-log.js";
import { type PortEnd, portEnds, ThreadPort } from "./thread-port.js";
import { rowMemory, ThreadRow } from "./thread-row.js";

/** The part of the server that a thread owns. */
export type ThreadRole = "main" | "consensus" | "front-end";

/** A thread to be started. */
export interface ThreadConfig {
  readonly role: ThreadRole;
  /** Tells threads of one role apart, from 1. */
  readonly number: number;
  /** The module that the thread runs. It calls `enterThread`. */
  readonly module: URL;
  /** Passed to the module by structured clone. */
  readonly data: unknown;
  /** Ports to other threads, by a name that the module knows. */
  readonly ports: Readonly<Record<string, PortEnd>>;
}

/** The contents of `workerData`. */
export interface ThreadData {
  readonly name: string;
  readonly data: unknown;
  readonly ports: Readonly<Record<string, PortEnd>>;
  readonly control: PortEnd;
  readonly row: SharedArrayBuffer;
}

/** The events of all threads that the main thread has to know. */
export interface ThreadEvents {
  /** A log line of a thread: JSON with a newline. */
  line(json: string): void;
  /** Log lines of a thread were dropped, since the main thread did not take them. */
  linesLost(thread: string, lines: number): void;
  /**
   * A thread has ended although nobody asked for it. What it owned is gone, so the process has to end.
   *
   * @param stack the stack in the thread that failed
   */
  died(thread: string, error: Error): void;
}

/** The numbers of one thread, for the metrics. */
export interface ThreadStats {
  readonly name: string;
  readonly role: ThreadRole;
  readonly cpuSeconds: number | undefined;
  readonly delayP99Seconds: number;
  /** Bytes on their way to the thread and from it, over the ports that were named with `watch`. */
  readonly toBytes: number;
  readonly fromBytes: number;
}

interface Running {
  readonly name: string;
  readonly role: ThreadRole;
  readonly row: ThreadRow;
  readonly load: LoopLoad;
  readonly worker: Worker | undefined;
  readonly ports: ThreadPort[];
}

const controlRingBytes = 256 * 1024;

/** Starts and stops the worker threads of the process, writes their log lines, and knows their numbers. */
export class Threads {
  readonly #events: ThreadEvents;
  readonly #running: Running[] = [];
  #stopping = false;

  /** Must be called on the main thread. */
  constructor(events: ThreadEvents, clock: Clock) {
    this.#events = events;
    const row = new ThreadRow(rowMemory());
    row.begin(clock);
    this.#running.push({ name: "main", role: "main", row, load: new LoopLoad(), worker: undefined, ports: [] });
  }

  /** Starts a thread. @returns its name */
  start({ role, number, module, data, ports }: ThreadConfig): string {
    const name = `${role}-${number}`;
    const [control, inside] = portEnds(controlRingBytes);
    const row = rowMemory();
    const workerData: ThreadData = { name, data, ports, control: inside, row };
    const transferList: MessagePort[] = [inside, ...Object.values(ports)].map(({ door }) => door);
    const worker = new Worker(module, { name, workerData, transferList });
    const port = new ThreadPort(control);
    let failure: Error | undefined;
    port.listen((kind, message) => {
      if (kind === controlKinds.line) this.#events.line(message.text());
      else if (kind === controlKinds.linesLost) this.#events.linesLost(name, message.number());
      else if (kind === controlKinds.failed) failure ??= readError(message);
    });
    worker.on("error", (error) => {
      failure ??= asError(error);
    });
    worker.on("exit", (code) => {
      // The thread's last lines, which say most.
      port.drain();
      port.close();
      if (!this.#stopping) this.#events.died(name, failure ?? new Error(`the thread has exited with code ${code}`));
    });
    const load = new LoopLoad(worker.performance);
    this.#running.push({ name, role, row: new ThreadRow(row), load, worker, ports: [] });
    return name;
  }

  /** Adds a port of this thread to the numbers of the thread at its other end. */
  watch(name: string, port: ThreadPort): void {
    this.#running.find((thread) => thread.name === name)?.ports.push(port);
  }

  /** The numbers of all threads, the main thread first. */
  stats(): readonly ThreadStats[] {
    return this.#running.map(({ name, role, row, ports }) => ({
      name,
      role,
      cpuSeconds: row.cpuSeconds(),
      delayP99Seconds: row.delayP99Seconds(),
      toBytes: ports.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0),
      fromBytes: ports.reduce((sum, { arrivingBytes }) => sum + arrivingBytes, 0),
    }));
  }

  /** The share of time in which the busiest event loop has worked since the last call. */
  busiestShare(): number {
    return Math.max(...this.#running.map(({ load }) => load.share()));
  }

  /** Ends all threads, wherever they are in their work. */
  async terminate(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running.map(({ worker }) => worker?.terminate()));
  }
}
