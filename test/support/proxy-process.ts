import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { reference } from "./reference.js";
import { freePort, type ServerKind } from "./server-process.js";

const ourServer = fileURLToPath(new URL("../../bin/etcd", import.meta.url));

/** The flags of a proxy that serves at an endpoint. */
export type FlagsFor = (endpoint: string) => readonly string[];

export type ProxyKind = "gateway" | "grpc-proxy";

/** A process of `etcd gateway start` or `etcd grpc-proxy start`. */
export class ProxyProcess {
  readonly endpoint: string;
  readonly #child: ChildProcess;
  #log = "";

  private constructor(child: ChildProcess, endpoint: string) {
    this.#child = child;
    this.endpoint = endpoint;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#log += chunk.toString("utf8");
    });
  }

  /** Starts a proxy of ours, or of real etcd 3.5, on a free port, and waits until it serves. */
  static async start(
    kind: ProxyKind,
    given: readonly string[] | FlagsFor,
    whose: ServerKind = "ours",
  ): Promise<ProxyProcess> {
    const endpoint = `127.0.0.1:${await freePort()}`;
    const flags = typeof given === "function" ? given(endpoint) : given;
    const [program, before] = whose === "ours" ? [process.execPath, [ourServer]] : [reference("etcd", "3.5"), []];
    const args = [...before, kind, "start", "--listen-addr", endpoint, ...flags];
    const proxy = new ProxyProcess(spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] }), endpoint);
    await proxy.#printed(kind === "gateway" ? "ready to proxy client requests" : "started gRPC proxy");
    return proxy;
  }

  get log(): string {
    return this.#log;
  }

  /** Ends the process as a supervisor does. @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await gone;
    }
    return this.#child.exitCode;
  }

  #printed(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#log.includes(text)) resolve();
      };
      this.#child.stderr?.on("data", look);
      this.#child.once("exit", (code) => reject(new Error(`the proxy ended with ${code}:\n${this.#log}`)));
      look();
    });
  }
}
