import { type ServerOptions, ServerProcess } from "./server-process.js";

/** Servers for tests that run in order. The servers of the next test start while the current test runs. */
export class ServersAhead {
  readonly #wanted: readonly (readonly ServerOptions[])[];
  readonly #started = new Map<number, readonly Promise<ServerProcess>[]>();

  /** @param wanted the options of the servers of each test, in the order of the tests */
  constructor(wanted: readonly (readonly ServerOptions[])[]) {
    this.#wanted = wanted;
  }

  /** The servers of a test. The test must stop them. */
  take(at: number): readonly Promise<ServerProcess>[] {
    const taken = this.#start(at);
    this.#started.delete(at);
    this.#started.set(at + 1, this.#start(at + 1));
    return taken;
  }

  /** Ends the servers that were not taken. */
  async stop(): Promise<void> {
    for (const server of [...this.#started.values()].flat()) await (await server).stop();
  }

  #start(at: number): readonly Promise<ServerProcess>[] {
    return this.#started.get(at) ?? (this.#wanted[at] ?? []).map((options) => ServerProcess.start(options));
  }
}
