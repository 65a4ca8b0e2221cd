import {
  around,
  type Bytes,
  badArgs,
  bytesOf,
  bytesOfArray,
  complain,
  ExitCode,
  Failure,
  FlagError,
  FlagSet,
  HelpWanted,
  printLine,
  quote,
  textOf,
} from "../../cli/index.js";
import { type Client, type WatchBatch, WatchCanceledError } from "../../client/index.js";
import { WatchResponse } from "../../wire/index.js";
import { argify } from "../argify.js";
import type { Context } from "../context.js";
import { failureOf, orFail } from "../failure-of.js";
import { linesOfInput } from "../input.js";
import { eventName } from "../print/simple.js";
import { watchFlags } from "../specs/watch-flags.js";
import { keyRange } from "./get.js";

const wrongCount = "bad number of arguments";
const noCommand = "bad number of arguments (found separator --, but no commands)";
const alsoInEnvironment = "bad number of arguments (found conflicting environment key)";

/** The key range to watch, and the command to run for each event. */
interface Wish {
  readonly keys: readonly Bytes[];
  readonly command: readonly Bytes[];
}

export async function watch(context: Context): Promise<void> {
  const [key, end] = [environment("ETCDCTL_WATCH_KEY"), environment("ETCDCTL_WATCH_RANGE_END")];
  if (key === "" && end !== "") {
    throw badArgs(`ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=${quote(end)}`);
  }
  if (context.flags.bool("interactive")) {
    await interactive(context, key, end);
    return;
  }
  const wish = wishOf(context.flags, key, end);
  const client = await context.connect();
  await follow(context, await start(client, context.flags, wish.keys), wish.command);
  throw new Failure(ExitCode.Interrupted, "watch is canceled by the server");
}

/** Reads keys before `--` and a command after it. Environment variables replace missing keys. @throws Failure */
function wishOf(flags: FlagSet, envKey: Bytes, envEnd: Bytes): Wish {
  const dash = flags.argsBeforeDash;
  const given = flags.args.slice(0, dash);
  const command = dash === undefined ? [] : flags.args.slice(dash);
  if (dash !== undefined && command.length === 0) throw badArgs(noCommand);
  if (envKey !== "" && given.length > 0) throw badArgs(alsoInEnvironment);
  const keys = envKey === "" ? given : [envKey, ...(envEnd === "" ? [] : [envEnd])];
  return { keys, command };
}

async function start(client: Client, flags: FlagSet, keys: readonly Bytes[]): Promise<AsyncIterable<WatchBatch>> {
  const [key, end] = keys;
  if (key === undefined) throw badArgs(wrongCount);
  const prefix = flags.bool("prefix");
  const range = keys.length === 2;
  if (range && prefix) throw badArgs("`range_end` and `--prefix` are mutually exclusive");
  const refused = (error: unknown): AsyncIterable<WatchBatch> => {
    // etcdctl reports a refused watch as one that was canceled.
    if (error instanceof WatchCanceledError) return failing(error);
    throw error;
  };
  const starting = client.watch(
    {
      ...keyRange(key, range ? end : undefined, prefix, false),
      startRevision: Math.max(0, flags.number("rev")),
      prevKv: flags.bool("prev-kv"),
      progressNotify: flags.bool("progress-notify"),
    },
    { requireLeader: true },
  );
  return starting.catch(refused);
}

function failing(error: WatchCanceledError): AsyncIterable<WatchBatch> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

/** Prints the events of a watch until it ends. */
async function follow(context: Context, watched: AsyncIterable<WatchBatch>, command: readonly Bytes[]): Promise<void> {
  try {
    for await (const response of watched) {
      if (response.events.length === 0) printLine(`progress notify: ${response.header?.revision ?? 0}`);
      await context.answer({ kind: "watch", response });
      if (command.length === 0) continue;
      const { runForEvent } = await import("./run-command.js");
      for (const { type, kv } of response.events) {
        runForEvent(command, {
          ETCD_WATCH_REVISION: String(response.header?.revision ?? 0),
          ETCD_WATCH_EVENT_TYPE: quote(eventName(type)),
          ETCD_WATCH_KEY: textOf(quote(kv?.key ?? "")),
          ETCD_WATCH_VALUE: textOf(quote(bytesOfArray(kv?.value ?? new Uint8Array(0)))),
        });
      }
    }
  } catch (error) {
    const failure = failureOf(error);
    if (!(failure instanceof Failure)) throw error;
    complain(`watch was canceled (${failure.message})`);
    // For a watch that the server refused, Go's client delivers only this response.
    const refused = WatchResponse.create({ canceled: true });
    const canceled = error instanceof WatchCanceledError && !error.response.created;
    await context.answer({
      kind: "watch",
      response: canceled ? error.response : WatchResponse.decode(WatchResponse.encode(refused)),
    });
  }
}

/** Reads lines `watch ...` and `progress` until the input ends. All watches run at the same time. */
async function interactive(context: Context, envKey: Bytes, envEnd: Bytes): Promise<void> {
  const client = await context.connect();
  const failed = new Promise<never>((_, reject) => {
    void listen(context, client, envKey, envEnd, reject).catch(reject);
  });
  await failed;
}

async function listen(
  context: Context,
  client: Client,
  envKey: Bytes,
  envEnd: Bytes,
  reject: (error: unknown) => void,
): Promise<void> {
  for await (const line of linesOfInput()) {
    const [word, ...argv] = argify(line);
    if (word === undefined) complain(`Invalid command: ${line} (watch and progress supported)`);
    else if (word === "progress") client.requestProgress();
    else if (word !== "watch") complain(`Invalid command ${line} (only support watch)`);
    else if (argv.length === 0 && envKey === "") {
      complain(`Invalid command ${line} (command type or key is not provided)`);
    } else {
      const flags = flagsOf(argv);
      const wish = wishOf(flags, envKey, envEnd);
      if (wish.keys.length === 0) throw badArgs(wrongCount);
      if (wish.keys.length === 2 && flags.bool("prefix")) {
        complain(`Invalid command ${line} (\`range_end\` and \`--prefix\` are mutually exclusive)`);
        continue;
      }
      const watched = await orFail(start(client, flags, wish.keys));
      void follow(context, watched, wish.command).catch(reject);
    }
  }
  throw new Failure(ExitCode.InvalidInput, "error reading watch request line: EOF");
}

function flagsOf(argv: readonly Bytes[]): FlagSet {
  const flags = new FlagSet(watchFlags);
  try {
    flags.parse(argv);
  } catch (error) {
    if (error instanceof HelpWanted) throw badArgs("pflag: help requested");
    if (error instanceof FlagError) throw badArgs(error.message);
    throw error;
  }
  return flags;
}

function environment(name: string): Bytes {
  return bytesOf(around.env[name] ?? "");
}
