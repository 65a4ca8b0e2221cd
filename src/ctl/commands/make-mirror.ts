import { prefixRange } from "../../base/index.js";
import { type Bytes, badArgs, ExitCode, Failure, Progress, printLine } from "../../cli/index.js";
import {
  type Client,
  DeleteRangeRequest,
  EventType,
  type KeyValue,
  PutRequest,
  type RequestOp,
} from "../../client/index.js";
import { clientFor, limitsOf, timeoutsOf, userOf } from "../connect.js";
import type { Context } from "../context.js";
import { failureOf } from "../failure-of.js";

const reportEveryMs = 30_000;

export async function makeMirror(context: Context): Promise<void> {
  const [destination] = context.args;
  if (destination === undefined || context.args.length !== 1) {
    throw badArgs("make-mirror takes one destination argument");
  }
  const { flags } = context;
  const target = await clientFor({
    endpoints: [destination],
    timeouts: timeoutsOf(flags),
    cert: flags.text("dest-cert"),
    key: flags.text("dest-key"),
    cacert: flags.text("dest-cacert"),
    insecureTransport: flags.bool("dest-insecure-transport"),
    insecureSkipVerify: false,
    serverName: "",
    token: "",
    limits: limitsOf(flags),
    auth: await userOf(flags.text("dest-user"), flags.text("dest-password"), "Destination Password: "),
  });
  const source = await context.connect();
  const prefix = flags.text("prefix");
  const elsewhere = flags.text("dest-prefix");
  if (flags.bool("no-dest-prefix") && elsewhere !== "") {
    throw badArgs("`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one");
  }
  const targetPrefix = flags.bool("no-dest-prefix") ? "" : elsewhere === "" ? prefix : elsewhere;
  const operationsMax = Math.max(1, flags.number("max-txn-ops"));
  const startRevision = Math.max(0, flags.number("rev") - 1);
  const mirror = new Mirror(source, target, { prefix, targetPrefix, operationsMax });
  setInterval(() => printLine(String(mirror.total)), reportEveryMs).unref();
  try {
    // From a revision on, only changes are copied, as in etcdctl.
    await mirror.follow(startRevision > 0 ? startRevision : await mirror.copy());
  } catch (error) {
    throw failureOf(error);
  }
  throw new Failure(ExitCode.Error, "<nil>");
}

/** Copies all keys at one revision, then repeats every later change, with one transaction for each revision. */
class Mirror {
  readonly #source: Client;
  readonly #target: Client;
  readonly #prefix: Bytes;
  readonly #targetPrefix: Bytes;
  /** The operations that the target accepts in one transaction. */
  readonly #operationsMax: number;
  /** The number of keys put and deleted so far. */
  total = 0;

  constructor(
    source: Client,
    target: Client,
    options: { readonly prefix: Bytes; readonly targetPrefix: Bytes; readonly operationsMax: number },
  ) {
    this.#source = source;
    this.#target = target;
    this.#prefix = options.prefix;
    this.#targetPrefix = options.targetPrefix;
    this.#operationsMax = options.operationsMax;
  }

  /** Copies all keys. @returns their revision */
  async copy(): Promise<number> {
    const keys = prefixRange(this.#prefix);
    const { header, count } = await this.#source.range({ ...keys, countOnly: true });
    const revision = header?.revision ?? 0;
    const progress = new Progress("mirroring", count);
    for await (const { kvs } of this.#source.pages({ ...keys, revision })) {
      for (const kv of kvs) await this.#put(kv);
      progress.advance(kvs.length);
    }
    progress.hide();
    return revision;
  }

  async follow(revision: number): Promise<void> {
    const watch = await this.#source.watch({ ...prefixRange(this.#prefix), startRevision: revision + 1 });
    for await (const { events } of watch) {
      let operations: RequestOp[] = [];
      let last = 0;
      for (const { type, kv } of events) {
        if (kv === undefined) continue;
        if (last !== 0 && kv.modRevision > last) {
          await this.#apply(operations);
          operations = [];
        }
        last = kv.modRevision;
        operations.push(type === EventType.DELETE ? this.#deletion(kv) : this.#copyOf(kv));
        this.total++;
      }
      if (operations.length > 0) await this.#apply(operations);
    }
  }

  /** Repeats the changes of one revision in one transaction, or in several when they exceed the maximum. */
  async #apply(operations: readonly RequestOp[]): Promise<void> {
    for (let from = 0; from < operations.length; from += this.#operationsMax) {
      await this.#target.txn({ success: operations.slice(from, from + this.#operationsMax) });
    }
  }

  async #put(kv: KeyValue): Promise<void> {
    await this.#target.put({ key: this.#moved(kv.key), value: kv.value });
    this.total++;
  }

  #copyOf({ key, value }: KeyValue): RequestOp {
    return { request: { case: "requestPut", value: PutRequest.create({ key: this.#moved(key), value }) } };
  }

  #deletion({ key }: KeyValue): RequestOp {
    return { request: { case: "requestDeleteRange", value: DeleteRangeRequest.create({ key: this.#moved(key) }) } };
  }

  #moved(key: Bytes): Bytes {
    return this.#targetPrefix + key.slice(this.#prefix.length);
  }
}
