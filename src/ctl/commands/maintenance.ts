import { formatDuration, isAtLeast } from "../../base/index.js";
import {
  type Bytes,
  badArgs,
  bytesOf,
  complain,
  Exit,
  ExitCode,
  NumberError,
  Progress,
  parseUint64,
  printLine,
  textOf,
} from "../../cli/index.js";
import { ClientError } from "../../client/index.js";
import { AlarmAction, DowngradeAction } from "../../wire/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { endpointsOf } from "./endpoints-of.js";

export async function listAlarms(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("alarm list command accepts no arguments");
  const client = await context.connect();
  const response = await orFail(client.alarm({ action: AlarmAction.GET }, context.call));
  await context.answer({ kind: "alarms", response });
}

/** Disarms all alarms and prints those that were raised. */
export async function disarm(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("alarm disarm command accepts no arguments");
  const client = await context.connect();
  const raised = await orFail(client.alarm({ action: AlarmAction.GET }, context.call));
  const ended = [];
  for (const { memberId, alarm } of raised.alarms) {
    const answer = await orFail(client.alarm({ action: AlarmAction.DEACTIVATE, memberId, alarm }, context.call));
    ended.push(...answer.alarms);
  }
  await context.answer({ kind: "alarms", response: { header: undefined, alarms: ended } });
}

export async function defrag(context: Context): Promise<void> {
  if (context.flags.text("data-dir") !== "") {
    await defragDataDir(context.flags.text("data-dir"));
    return;
  }
  await context.connect();
  let failures = 0;
  const endpoints = await endpointsOf(context);
  const progress = new Progress("defragmenting", endpoints.length);
  for (const endpoint of endpoints) {
    const startedAt = performance.now();
    // Since 3.6 etcdctl says how long it took.
    const took = (): Bytes =>
      isAtLeast(context.release, "3.6") ? bytesOf(`. took ${formatDuration(performance.now() - startedAt)}`) : "";
    try {
      const client = await context.connect([endpoint]);
      await client.defragment(context.call);
      progress.hide();
      printLine(`Finished defragmenting etcd member[${endpoint}]${took()}`);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      progress.hide();
      const gap = isAtLeast(context.release, "3.6") ? ". " : " ";
      const text = `Failed to defragment etcd member[${endpoint}]${took()}${gap}(${bytesOf(error.message)})`;
      complain(text);
      failures++;
    }
    progress.advance(1);
  }
  progress.hide();
  if (failures > 0) throw new Exit(ExitCode.Error);
}

async function defragDataDir(dataDir: Bytes): Promise<void> {
  complain("Use `etcdutl defrag` instead. The --data-dir is going to be decomissioned in v3.6.\n");
  const { defragDirectory } = await import("../../utl/index.js");
  await defragDirectory(dataDir);
}

/** The actions of `downgrade` by their names. */
const downgrades = {
  validate: DowngradeAction.VALIDATE,
  enable: DowngradeAction.ENABLE,
  cancel: DowngradeAction.CANCEL,
} as const;

/** Checks, starts or ends a downgrade of the cluster. */
export async function downgrade(context: Context, action: keyof typeof downgrades): Promise<void> {
  const [target = "", ...more] = context.args;
  if (action !== "cancel") {
    if (context.args.length === 0) throw badArgs("TARGET_VERSION not provided");
    if (more.length > 0) throw badArgs("too many arguments");
    if (target === "") throw badArgs("target version not provided");
  }
  const version = action === "cancel" ? "" : textOf(target);
  const client = await context.connect();
  const response = await orFail(client.downgrade({ action: downgrades[action], version }, context.call));
  await context.answer({ kind: "downgrade", action, response });
}

export async function moveLeader(context: Context): Promise<void> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) throw badArgs("move-leader command needs 1 argument");
  const target = targetOf(text);
  const { endpoints } = await context.connect();
  for (const endpoint of endpoints) {
    const client = await context.connect([bytesOf(endpoint)]);
    const { header, leader } = await orFail(client.status(context.call));
    if (header?.memberId !== leader) continue;
    const response = await orFail(client.moveLeader(target, context.call));
    await context.answer({ kind: "moveLeader", leader, target, response });
    return;
  }
  throw badArgs(`no leader endpoint given at [${bytesOf(endpoints.join(" "))}]`);
}

function targetOf(text: string): bigint {
  try {
    return parseUint64(text, 16);
  } catch (error) {
    if (error instanceof NumberError) throw badArgs(error.message);
    throw error;
  }
}
