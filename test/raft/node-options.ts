import { seededRandom } from "../../src/base/index.js";
import {
  type Config,
  emptyConfState,
  type NodeId,
  noNode,
  type RaftLogger,
  type Snapshot,
} from "../../src/raft/index.js";
import { testCodec } from "./conf-change-codec.js";
import { type Argument, argument } from "./datadriven.js";
import { ScriptError } from "./output.js";

/** The settings of a node that `add-nodes` can set. */
export type Settings = { -readonly [Name in keyof Omit<Config, "storage">]: Config[Name] };

/** Reads the settings of the nodes to add. Their ids are assigned later. */
export function readSettings(options: readonly Argument[], logger: RaftLogger): Settings {
  const settings: Settings = {
    id: noNode,
    electionTicks: 3,
    heartbeatTicks: 1,
    maxSizePerMessage: Number.POSITIVE_INFINITY,
    maxInflightMessages: 2 ** 31 - 1,
    random: seededRandom(1),
    logger,
    codec: testCodec,
  };
  for (const option of options) applyOption(settings, option);
  return settings;
}

/** The snapshot from which the nodes start; undefined if no option describes one. */
export function readSnapshot(options: readonly Argument[]): Snapshot | undefined {
  const list = (key: string): NodeId[] => (options.find((each) => each.key === key)?.values ?? []).map(BigInt);
  const index = Number(argument(options, "index") ?? 0);
  const confState = { ...emptyConfState, voters: list("voters"), learners: list("learners") };
  const data = Buffer.from(argument(options, "content") ?? "");
  if (index + confState.voters.length + confState.learners.length + data.length === 0) return undefined;
  if (index <= 1) throw new ScriptError("index must be specified as > 1 due to bootstrap");
  return { metadata: { index, term: 1, confState }, data };
}

function applyOption(settings: Settings, { key, values }: Argument): void {
  const text = values[0] ?? "";
  const limit = Number(text) === 0 ? Number.POSITIVE_INFINITY : Number(text);
  switch (key) {
    case "index":
      settings.applied = Number(text);
      return;
    case "inflight":
      settings.maxInflightMessages = Number(text);
      return;
    case "max-inflight-bytes":
      settings.maxInflightBytes = limit;
      return;
    case "max-size-per-msg":
      settings.maxSizePerMessage = Number(text);
      return;
    case "max-committed-size-per-ready":
      settings.maxCommittedSizePerReady = limit;
      return;
    case "max-uncommitted-size":
      settings.maxUncommittedEntriesSize = limit;
      return;
    case "async-storage-writes":
      settings.asyncStorageWrites = text === "true";
      return;
    case "prevote":
      settings.preVote = text === "true";
      return;
    case "checkquorum":
      settings.checkQuorum = text === "true";
      return;
    case "disable-conf-change-validation":
      settings.disableConfChangeValidation = text === "true";
      return;
    case "step-down-on-removal":
      settings.stepDownOnRemoval = text === "true";
      return;
    case "disable-proposal-forwarding":
      settings.disableProposalForwarding = text === "true";
      return;
    case "read-only":
      if (text !== "safe" && text !== "lease-based") throw new ScriptError(`invalid read-only option "${text}"`);
      settings.readOnly = text;
      return;
    default:
      return;
  }
}
