import { asConfChangeV2, type ConfChange, describeConfChange } from "./conf-change.js";
import type { Raft } from "./raft.js";
import { appendEntries, broadcastAppend } from "./replication.js";
import { describeConfig, isJoint } from "./tracker.js";
import { type Entry, type Message, noNode, type StepResult } from "./types.js";

/** Handles proposed entries at the leader: appends and sends them to the members, or drops them. */
export function propose(raft: Raft, message: Message): StepResult {
  if (message.entries.length === 0) return "dropped";
  // A leader that was removed must not append to the log.
  if (!raft.tracker.progress.has(raft.id)) return "dropped";
  if (raft.leadTransferee !== noNode) {
    raft.logger.debug(() => {
      const transfer = `transfer leadership to ${raft.leadTransferee.toString(16)} is in progress`;
      return `${raft.name} [term ${raft.term}] ${transfer}; dropping proposal`;
    });
    return "dropped";
  }
  const entries = checkConfChanges(raft, message.entries);
  if (entries === undefined || !appendEntries(raft, entries)) return "dropped";
  broadcastAppend(raft);
  return "taken";
}

type Proposal = Pick<Entry, "type" | "data">;

/**
 * Allows one conf change at a time: a further one, or one that does not fit, becomes an empty entry. @returns undefined
 * when one cannot be decoded
 */
function checkConfChanges(raft: Raft, entries: readonly Entry[]): readonly Proposal[] | undefined {
  if (entries.every((entry) => entry.type === "EntryNormal")) return entries;
  const checked: Proposal[] = [];
  for (const entry of entries) {
    if (entry.type === "EntryNormal") {
      checked.push(entry);
      continue;
    }
    const change = decode(raft, entry.type, entry.data);
    if (change === undefined) return undefined;
    const objection = raft.config.disableConfChangeValidation ? undefined : objectionTo(raft, change);
    if (objection === undefined) {
      checked.push(entry);
      raft.pendingConfIndex = raft.log.lastIndex + checked.length;
      continue;
    }
    raft.logger.info(() => {
      const config = describeConfig(raft.tracker.config);
      return `${raft.name} ignoring conf change ${describeConfChange(change)} at config ${config}: ${objection}`;
    });
    checked.push({ type: "EntryNormal", data: new Uint8Array(0) });
  }
  return checked;
}

function decode(raft: Raft, type: "EntryConfChange" | "EntryConfChangeV2", data: Uint8Array): ConfChange | undefined {
  try {
    return raft.config.codec.decode(type, data);
  } catch {
    // The proposal came from a peer. Bytes that cannot be decoded now could not be decoded when they are applied.
    raft.logger.error(() => `${raft.name} dropping a conf change that cannot be decoded`);
    return undefined;
  }
}

/**
 * Why a conf change must wait or is impossible in the configuration that is applied here; undefined when it is allowed.
 */
function objectionTo(raft: Raft, change: ConfChange): string | undefined {
  const { applied } = raft.log;
  const joint = isJoint(raft.tracker.config);
  const leaves = asConfChangeV2(change).changes.length === 0;
  if (raft.pendingConfIndex > applied) {
    return `possible unapplied conf change at index ${raft.pendingConfIndex} (applied to ${applied})`;
  }
  if (joint && !leaves) return "must transition out of joint config first";
  if (!joint && leaves) return "not in joint state; refusing empty conf change";
  return undefined;
}
