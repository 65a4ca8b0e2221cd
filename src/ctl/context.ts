import { type ApiLevel, isAtLeast } from "../base/index.js";
import { type Bytes, complain, ExitCode, Failure, type FlagSet, readable } from "../cli/index.js";
import type { CallOptions, Client } from "../client/index.js";
import { applyEnvironment, variableOf } from "./environment.js";
import { globalFlags, outputFormats } from "./global-flags.js";
import type { Answer } from "./print/answer.js";
import { releaseVariable } from "./release.js";

/** Gives a running command its flags and arguments, connections to the cluster, and ways to print. */
export class Context {
  readonly flags: FlagSet;
  readonly args: readonly Bytes[];
  /** The release of etcdctl whose outputs the command has. */
  readonly release: ApiLevel;
  readonly #inherited: readonly string[];
  readonly #variables: readonly string[];
  #settled = false;
  #clients: Client[] = [];

  /**
   * @param options the release, the flags that variables may set, and the variables that stand for something else than
   * a flag
   */
  constructor(
    flags: FlagSet,
    options: { release: ApiLevel; inherited: readonly string[]; variables?: readonly string[] },
  ) {
    this.flags = flags;
    this.release = options.release;
    this.args = flags.args;
    this.#inherited = options.inherited;
    this.#variables = options.variables ?? [];
  }

  /** The timeout of a request. */
  get call(): CallOptions {
    return { timeoutMs: this.flags.number("command-timeout") };
  }

  get format(): string {
    return this.flags.text("write-out");
  }

  /** Applies the environment variables; with `--debug`, prints the resulting flags. @throws Failure, Exit */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    // The variable of etcdctl 3.4 for the version of the API is unknown to newer releases.
    const api = isAtLeast(this.release, "3.6") ? [] : ["ETCDCTL_API"];
    applyEnvironment(this.flags, this.#inherited, [...this.#variables, ...api, releaseVariable]);
    if (!this.flags.bool("debug")) return;
    const global = new Set(this.#inherited);
    for (const [{ name }, value] of this.flags.printed())
      if (global.has(name)) complain(`${variableOf(name)}=${value}`);
  }

  /** The endpoints from the flags or from DNS. */
  async endpoints(): Promise<readonly Bytes[]> {
    if (this.flags.text("discovery-srv") !== "") {
      const { discover } = await import("./discovery.js");
      const found = await discover(this.flags);
      if (found.length > 0) return found;
    }
    return this.flags.list("endpoints").map((endpoint) => endpoint.trim());
  }

  /**
   * Opens a client that is logged in as the flags say. It is closed when the command ends.
   *
   * @param endpoints replace those of the flags
   * @throws Failure, Exit
   */
  async connect(endpoints?: readonly Bytes[]): Promise<Client> {
    this.settle();
    const { clientFor, connectionOf } = await import("./connect.js");
    const connection = await connectionOf(this.flags, endpoints ?? (await this.endpoints()));
    this.checkFormat();
    const client = await clientFor(connection);
    this.#clients.push(client);
    return client;
  }

  /** Checks `--write-out`. @throws Failure when the format is unknown */
  checkFormat(): void {
    if (!outputFormats.some((format) => format === this.format)) {
      throw new Failure(ExitCode.BadFeature, "unsupported output format");
    }
  }

  /** Prints an answer in the format of `--write-out`. @throws Failure when the format does not support the answer */
  async answer(answer: Answer, options: { readonly valueOnly?: boolean } = {}): Promise<void> {
    const { printAnswer } = await import("./print/printer.js");
    const { release } = this;
    const hex = this.flags.bool("hex");
    await printAnswer(answer, this.format, { release, hex, valueOnly: options.valueOnly ?? false });
    await readable();
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** The names of the global flags, which `ETCDCTL_` variables may set for every command. */
  static readonly globalNames: readonly string[] = globalFlags.map(({ name }) => name);
}
