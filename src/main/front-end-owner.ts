import { FrontEndCalls, type FrontEndCallsConfig, type LoopCounts } from "../rpc/index.js";
import { type MessageReader, portEnds, ThreadPort, type Threads } from "../threads/index.js";
import {
  type FrontEndData,
  lifeKinds,
  type OpenedPorts,
  portNames,
  readOpened,
  writeDescriptors,
} from "./front-end-life.js";
import type { SharedListeners } from "./listeners.js";
import { StartError } from "./start-error.js";

/** `front-end-thread.ts` and all that it imports as one file, beside the bundle of the command. */
const module = new URL("./front-end-thread.cjs", import.meta.url);

/** Something that happens once. */
class Happening<Value> {
  readonly over: Promise<Value>;
  happen: (value: Value) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  constructor() {
    this.over = new Promise((resolve, reject) => {
      this.happen = resolve;
      this.fail = reject;
    });
  }
}

/** A front end on a thread of its own, as the main thread sees it. */
export class FrontEndThread {
  readonly #life: ThreadPort;
  readonly #state: ThreadPort;
  readonly #opened = new Happening<OpenedPorts>();
  readonly #serving = new Happening<void>();
  readonly #stopped = new Happening<void>();
  #calls: FrontEndCalls | undefined;

  /**
   * Starts the thread, which opens its ports; a further one does so after `share`.
   *
   * @param number tells front ends apart, from 1
   */
  constructor(threads: Threads, number: number, data: FrontEndData) {
    const [life, lifeInside] = portEnds();
    const [state, stateInside] = portEnds();
    const ports = { [portNames.life]: lifeInside, [portNames.state]: stateInside };
    const name = threads.start({ role: "front-end", number, module, data, ports });
    this.#life = new ThreadPort(life);
    this.#state = new ThreadPort(state);
    threads.watch(name, this.#state);
    this.#life.listen((kind, message) => this.#told(kind, message));
  }

  /** Lets a further front end listen on the sockets of the first. */
  share(descriptors: readonly SharedListeners[]): void {
    writeDescriptors(this.#life.post(lifeKinds.share), descriptors);
  }

  /** Resolves with its ports. Rejects with a StartError when a port cannot be opened. */
  get opened(): Promise<OpenedPorts> {
    return this.#opened.over;
  }

  /** Serves clients with these services. Resolves when it does so. */
  async serve(config: FrontEndCallsConfig): Promise<void> {
    this.#calls = new FrontEndCalls(this.#state, config);
    await this.#serving.over;
  }

  /** Tells it whether names in certificates mean users, after that may have changed. */
  tellNamesUsers(): void {
    this.#calls?.tellNamesUsers();
  }

  async counts(): Promise<LoopCounts> {
    if (this.#calls === undefined) throw new Error("the front end does not serve clients yet");
    return await this.#calls.counts();
  }

  /** Stops accepting connections, and waits a while for calls under way. */
  async stop(): Promise<void> {
    this.#life.post(lifeKinds.stop);
    await this.#stopped.over;
  }

  #told(kind: number, message: MessageReader): void {
    if (kind === lifeKinds.opened) this.#opened.happen(readOpened(message));
    else if (kind === lifeKinds.failed) this.#opened.fail(new StartError(message.text()));
    else if (kind === lifeKinds.serving) this.#serving.happen();
    else this.#stopped.happen();
  }
}
