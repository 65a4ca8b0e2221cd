import type { CallOptions, Client } from "../client/index.js";
import { applyEnvironment, variableOf } from "./environment.js";
import { ExitCode, Failure } from "./failure.js";
import type { FlagSet } from "./flag-set.js";
import { globalFlags, outputFormats } from "./global-flags.js";
import type { Bytes } from "./go-text.js";
import { complain, readable } from "./output.js";
import type { Answer } from "./print/answer.js";

/** What a command runs in: its flags and arguments, a way to its cluster, a way to print. */
export class Context {
  readonly flags: FlagSet;
  readonly args: readonly Bytes[];
  readonly #inherited: readonly string[];
  readonly #variables: readonly string[];
  #settled = false;
  #clients: Client[] = [];

  /** @param options names of flags that variables may set, and variables with a meaning of their own */
  constructor(flags: FlagSet, options: { inherited: readonly string[]; variables?: readonly string[] }) {
    this.flags = flags;
    this.args = flags.args;
    this.#inherited = options.inherited;
    this.#variables = options.variables ?? [];
  }

  /** How long a request may take. */
  get call(): CallOptions {
    return { timeoutMs: this.flags.number("command-timeout") };
  }

  get format(): string {
    return this.flags.text("write-out");
  }

  /** Reads the variables; with `--debug`, shows what came of it. @throws Failure, Exit */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    applyEnvironment(this.flags, this.#inherited, this.#variables);
    if (!this.flags.bool("debug")) return;
    const global = new Set(this.#inherited);
    for (const [{ name }, value] of this.flags.printed())
      if (global.has(name)) complain(`${variableOf(name)}=${value}`);
  }

  /** The members that flags or DNS name. */
  async endpoints(): Promise<readonly Bytes[]> {
    if (this.flags.text("discovery-srv") !== "") {
      const { discover } = await import("./discovery.js");
      const found = await discover(this.flags);
      if (found.length > 0) return found;
    }
    return this.flags.list("endpoints").map((endpoint) => endpoint.trim());
  }

  /**
   * A client as the flags want it, authenticated; closed when the command ends.
   *
   * @param endpoints instead of those the flags name
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

  /** @throws Failure when answers cannot be printed so */
  checkFormat(): void {
    if (!outputFormats.some((format) => format === this.format)) {
      throw new Failure(ExitCode.BadFeature, "unsupported output format");
    }
  }

  /** Prints as `--write-out` says. @throws Failure when that format does not know such answers */
  async answer(answer: Answer, options: { readonly valueOnly?: boolean } = {}): Promise<void> {
    const { printAnswer } = await import("./print/printer.js");
    await printAnswer(answer, this.format, { hex: this.flags.bool("hex"), valueOnly: options.valueOnly ?? false });
    await readable();
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** The global flags' names; what `ETCDCTL_` variables set for every command. */
  static readonly globalNames: readonly string[] = globalFlags.map(({ name }) => name);
}
