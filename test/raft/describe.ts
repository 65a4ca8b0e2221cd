import { goEscapes } from "../../src/base/index.js";
import {
  appendThread,
  applyThread,
  asConfChangeV2,
  type ConfChangeSingle,
  type ConfState,
  type Entry,
  type Message,
  type NodeId,
  type Ready,
  type Snapshot,
} from "../../src/raft/index.js";
import { testCodec } from "./conf-change-codec.js";

/** Writes the contents of a Ready in the form that the scripts expect. */
export function describeReady(ready: Ready): string {
  const { softState, hardState, readStates, entries, snapshot, committedEntries, messages } = ready;
  let text = "";
  if (softState !== undefined) text += `Lead:${softState.lead} State:${softState.state}\n`;
  if (hardState !== undefined) {
    const vote = hardState.vote === 0n ? "" : ` Vote:${hardState.vote}`;
    text += `HardState Term:${hardState.term}${vote} Commit:${hardState.commit}\n`;
  }
  if (readStates.length > 0) {
    const states = readStates.map(({ index, context }) => `{${index} [${[...context].join(" ")}]}`);
    text += `ReadStates [${states.join(" ")}]\n`;
  }
  if (entries.length > 0) text += `Entries:\n${describeEntries(entries)}`;
  if (snapshot !== undefined) text += `Snapshot ${describeSnapshot(snapshot)}\n`;
  if (committedEntries.length > 0) text += `CommittedEntries:\n${describeEntries(committedEntries)}`;
  if (messages.length > 0) text += `Messages:\n${messages.map((each) => `${describeMessage(each)}\n`).join("")}`;
  return text === "" ? "<empty Ready>" : `Ready MustSync=${ready.mustSync}:\n${text}`;
}

export function describeMessage(message: Message, indent = ""): string {
  const { from, to, type, term, logTerm, index, entries, snapshot, responses } = message;
  let text = `${indent}${describeTarget(from)}->${describeTarget(to)} ${type}`;
  text += ` Term:${term} Log:${logTerm}/${index}`;
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`;
  if (message.commit !== 0) text += ` Commit:${message.commit}`;
  if (message.vote !== 0n) text += ` Vote:${message.vote}`;
  const [first, ...more] = entries.map(describeEntry);
  if (first !== undefined && more.length === 0) text += ` Entries:[${first}]`;
  else if (first !== undefined) {
    text += ` Entries:[${[first, ...more].map((entry) => `\n${indent}  ${entry}`).join("")}\n${indent}]`;
  }
  if (snapshot !== undefined && snapshot.metadata.index !== 0) {
    text += `\n${indent}  Snapshot: ${describeSnapshot(snapshot)}`;
  }
  if (responses.length > 0) {
    const nested = responses.map((response) => `\n${describeMessage(response, `${indent}  `)}`);
    text += ` Responses:[${nested.join("")}\n${indent}]`;
  }
  return text;
}

function describeTarget(id: NodeId): string {
  if (id === 0n) return "None";
  if (id === appendThread) return "AppendThread";
  return id === applyThread ? "ApplyThread" : id.toString(16);
}

export function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${describeEntry(entry)}\n`).join("");
}

export function describeEntry({ term, index, type, data }: Entry): string {
  const what = type === "EntryNormal" ? quote(data) : describeChanges(changesOf(type, data));
  return `${term}/${index} ${type}${what === "" ? "" : ` ${what}`}`;
}

function changesOf(type: "EntryConfChange" | "EntryConfChangeV2", data: Uint8Array): readonly ConfChangeSingle[] {
  return asConfChangeV2(testCodec.decode(type, data)).changes;
}

const letters = {
  ConfChangeAddNode: "v",
  ConfChangeAddLearnerNode: "l",
  ConfChangeRemoveNode: "r",
  ConfChangeUpdateNode: "u",
} as const;

/** Writes changes in the short form of the scripts, such as `v1 l2 r3`. */
export function describeChanges(changes: readonly ConfChangeSingle[]): string {
  return changes.map(({ type, nodeId }) => `${letters[type]}${nodeId}`).join(" ");
}

/** The inverse of `describeChanges`. */
export function parseChanges(text: string): ConfChangeSingle[] {
  const words = text.trim() === "" ? [] : text.trim().split(" ");
  return words.map((word): ConfChangeSingle => {
    if (word.length < 2) throw new Error(`unknown token ${word}`);
    const nodeId = BigInt(word.slice(1));
    switch (word[0]) {
      case "v":
        return { type: "ConfChangeAddNode", nodeId };
      case "l":
        return { type: "ConfChangeAddLearnerNode", nodeId };
      case "r":
        return { type: "ConfChangeRemoveNode", nodeId };
      case "u":
        return { type: "ConfChangeUpdateNode", nodeId };
      default:
        throw new Error(`unknown input: ${word}`);
    }
  });
}

function describeSnapshot({ metadata: { index, term, confState } }: Snapshot): string {
  return `Index:${index} Term:${term} ConfState:${describeConfState(confState)}`;
}

function describeConfState(state: ConfState): string {
  const list = (ids: readonly NodeId[]): string => `[${ids.join(" ")}]`;
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = state;
  const next = `LearnersNext:${list(learnersNext)} AutoLeave:${autoLeave}`;
  return `Voters:${list(voters)} VotersOutgoing:${list(votersOutgoing)} Learners:${list(learners)} ${next}`;
}

const escapes: Readonly<Record<string, string>> = { ...goEscapes, '"': '\\"' };

/** Writes bytes in quotes, as Go's `%q` does for ASCII text. */
function quote(data: Uint8Array): string {
  const inner = [...Buffer.from(data).toString("latin1")].map((char) => {
    if (escapes[char] !== undefined) return escapes[char];
    return char >= " " && char <= "~" ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${inner.join("")}"`;
}
