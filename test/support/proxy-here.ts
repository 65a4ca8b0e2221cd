import type { SrvRecord } from "node:dns";
import { Readable } from "node:stream";
import { type LogFields, MemoryAccount, silentLogger, systemClock, systemRandom } from "../../src/base/index.js";
import { bytesOf, runProgram } from "../../src/cli/index.js";
import { type ProxyHost, proxyProgram } from "../../src/proxy/index.js";
import type { FlagsFor, ProxyKind } from "./proxy-process.js";
import { freePort } from "./server-process.js";

/** SRV records by their names. Other names do not exist. */
export type SrvRecords = Readonly<Record<string, readonly SrvRecord[]>>;

/** `etcd gateway start` or `etcd grpc-proxy start` inside the test, with SRV records that the test gives. */
export class ProxyHere {
  readonly endpoint: string;
  /** The messages of its log, with their fields. */
  readonly lines: (readonly [message: string, fields: LogFields | undefined])[] = [];
  /** The names that it looked up. */
  readonly asked: string[] = [];
  /** Resolves with the exit code and the standard error output. */
  readonly ended: Promise<{ readonly code: number; readonly stderr: string }>;
  readonly #serving: Promise<void>;
  #stop: () => void = () => undefined;

  private constructor(kind: string, flags: readonly string[], records: SrvRecords, port: number) {
    this.endpoint = `127.0.0.1:${port}`;
    let serve: () => void = () => undefined;
    this.#serving = new Promise((resolve) => {
      serve = resolve;
    });
    const note = (message: string, fields?: LogFields): void => void this.lines.push([message, fields]);
    const host: ProxyHost = {
      clock: systemClock,
      random: systemRandom,
      connectionsMax: 1_000,
      openLogger: () => ({ ...silentLogger, info: note, warn: note }),
      memory: () => MemoryAccount.unlimited(),
      serving: () =>
        new Promise((resolve) => {
          this.#stop = resolve;
          serve();
        }),
    };
    const printed = { stdout: "", stderr: "" };
    const streamTo = (name: keyof typeof printed) => ({
      write(bytes: Uint8Array | string, done?: () => void) {
        printed[name] += Buffer.from(bytes).toString();
        done?.();
      },
    });
    const words = [kind, "start", "--listen-addr", this.endpoint, ...flags];
    this.ended = runProgram(proxyProgram(host), words.map(bytesOf), {
      stdin: Readable.from([]),
      stdout: streamTo("stdout"),
      stderr: streamTo("stderr"),
      env: {},
      resolveSrv: async (name) => {
        this.asked.push(name);
        const found = records[name];
        if (found === undefined) throw Object.assign(new Error(`querySrv ENOTFOUND ${name}`), { code: "ENOTFOUND" });
        return [...found];
      },
    }).then((code) => ({ code, stderr: printed.stderr }));
  }

  /** Starts a proxy on a free port. Resolves when it serves or has ended. */
  static async start(
    kind: ProxyKind,
    flags: readonly string[] | FlagsFor,
    records: SrvRecords = {},
  ): Promise<ProxyHere> {
    const port = await freePort();
    const given = typeof flags === "function" ? flags(`127.0.0.1:${port}`) : flags;
    const proxy = new ProxyHere(kind, given, records, port);
    await Promise.race([proxy.#serving, proxy.ended]);
    return proxy;
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.ended;
  }
}
