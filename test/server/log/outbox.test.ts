import { describe, expect, test } from "vitest";
import {
  createMessage,
  type Entry,
  type Message,
  type MessageBody,
  type MessageType,
} from "../../../src/raft/index.js";
import { mergeAppends } from "../../../src/server/log/merge-appends.js";
import { sortMessages } from "../../../src/server/log/outbox.js";

const entry = (index: number, term = 2, bytes = 1): Entry => {
  return { index, term, type: "EntryNormal", data: new Uint8Array(bytes) };
};
const message = (type: MessageType, to = 2n, body: MessageBody = {}, term = 2): Message =>
  createMessage(type, to, 1n, term, body);
const append = (after: number, entries: readonly Entry[], commit = 0, to = 2n, logTerm = 2): Message =>
  message("MsgApp", to, { index: after, logTerm, entries, commit });

const nothing = { softState: undefined, hardState: undefined, readStates: [], snapshot: undefined };
const ready = (messages: readonly Message[], entries: readonly Entry[] = [], mustSync = entries.length > 0) => {
  return { ...nothing, committedEntries: [], entries, messages, mustSync };
};

function sorted(messages: readonly Message[], leading: boolean, writes: boolean, storedTerm = 2) {
  const outbox = sortMessages(ready(messages, writes ? [entry(9)] : []), leading, storedTerm, (id) => id === 66n);
  const types = (list: readonly Message[]): string => list.map(({ type }) => type).join(" ");
  return { now: types(outbox.now), stored: types(outbox.stored), snapshots: types(outbox.snapshots) };
}

describe("sortMessages()", () => {
  for (const { name, messages, leading, writes, want } of [
    {
      name: "lets a leader's appends go while it writes",
      messages: [append(8, [entry(9)]), message("MsgHeartbeat")],
      leading: true,
      writes: true,
      want: { now: "MsgApp MsgHeartbeat", stored: "", snapshots: "" },
    },
    {
      name: "keeps promises until they are stored, also those of one that has just begun to lead",
      messages: [message("MsgVoteResp"), message("MsgAppResp"), message("MsgPreVoteResp")],
      leading: true,
      writes: true,
      want: { now: "", stored: "MsgVoteResp MsgAppResp MsgPreVoteResp", snapshots: "" },
    },
    {
      name: "keeps a candidate's requests until its own vote is stored",
      messages: [message("MsgVote")],
      leading: false,
      writes: true,
      want: { now: "", stored: "MsgVote", snapshots: "" },
    },
    {
      name: "lets what a follower passes on go, and its sign of life",
      messages: [message("MsgProp", 2n, {}, 0), message("MsgReadIndex", 2n, {}, 0), message("MsgHeartbeatResp")],
      leading: false,
      writes: true,
      want: { now: "MsgProp MsgReadIndex MsgHeartbeatResp", stored: "", snapshots: "" },
    },
    {
      name: "lets everything go when nothing is to be stored",
      messages: [message("MsgAppResp"), message("MsgVote")],
      leading: false,
      writes: false,
      want: { now: "MsgAppResp MsgVote", stored: "", snapshots: "" },
    },
    {
      name: "sets snapshots apart, and sends the removed nothing",
      messages: [message("MsgSnap"), message("MsgHeartbeat", 66n), message("MsgSnap", 66n)],
      leading: true,
      writes: false,
      want: { now: "", stored: "", snapshots: "MsgSnap" },
    },
  ]) {
    test(name, () => expect(sorted(messages, leading, writes)).toEqual(want));
  }

  test("keeps a sign of life in a term that is not stored yet", () => {
    expect(sorted([message("MsgHeartbeatResp")], false, true, 1).stored).toBe("MsgHeartbeatResp");
  });

  test("keeps a leader's appends in a term that is not stored yet", () => {
    expect(sorted([append(8, [entry(9)])], true, true, 1)).toMatchObject({ now: "", stored: "MsgApp" });
  });

  test("sends the highest acceptance of many, whatever their order, but one of a newer term before it", () => {
    const accept = (index: number, term = 2): Message => message("MsgAppResp", 2n, { index }, term);
    const sent = (answers: readonly Message[]) =>
      sortMessages(ready(answers), false, 3, () => false).now.map(({ term, index }) => `${term}:${index}`);
    expect(sent([accept(7), accept(9), accept(5)])).toEqual(["2:9"]);
    expect(sent([accept(9), accept(4, 3), accept(5)])).toEqual(["3:4"]);
  });

  test("sends one acceptance of many to each, and every refusal", () => {
    const answers = [
      message("MsgAppResp", 2n, { index: 1 }),
      message("MsgAppResp", 2n, { index: 5, reject: true }),
      message("MsgAppResp", 3n, { index: 1 }),
      message("MsgAppResp", 2n, { index: 2 }),
    ];
    const { now } = sortMessages(ready(answers), false, 2, () => false);
    expect(now.map(({ to, index }) => `${to}:${index}`)).toEqual(["2:5", "3:1", "2:2"]);
  });
});

describe("mergeAppends()", () => {
  const shown = (messages: readonly Message[]) =>
    messages.map(({ type, to, index, entries, commit }) =>
      type === "MsgApp" ? `${to}: ${index}+${entries.map((each) => each.index)} c${commit}` : type,
    );
  for (const { name, messages, want } of [
    {
      name: "joins what goes on, with the last commit index",
      messages: [append(4, [entry(5)], 3), append(5, [entry(6), entry(7)], 4), append(7, [], 5)],
      want: ["2: 4+5,6,7 c5"],
    },
    {
      name: "keeps the followers apart",
      messages: [
        append(4, [entry(5)]),
        append(4, [entry(5)], 0, 3n),
        append(5, [entry(6)]),
        append(5, [entry(6)], 0, 3n),
      ],
      want: ["2: 4+5,6 c0", "3: 4+5,6 c0"],
    },
    {
      name: "keeps what does not follow",
      messages: [append(4, [entry(5)]), append(6, [entry(7)]), append(4, [entry(5)])],
      want: ["2: 4+5 c0", "2: 6+7 c0", "2: 4+5 c0"],
    },
    {
      name: "keeps what follows an entry of another term",
      messages: [append(4, [entry(5, 1)]), append(5, [entry(6)])],
      want: ["2: 4+5 c0", "2: 5+6 c0"],
    },
    {
      name: "passes by what stands between",
      messages: [append(4, [entry(5)]), message("MsgHeartbeat"), append(5, [entry(6)])],
      want: ["2: 4+5,6 c0", "MsgHeartbeat"],
    },
    {
      name: "makes no message too large",
      messages: [append(4, [entry(5, 2, 200_000)]), append(5, [entry(6, 2, 200_000)])],
      want: ["2: 4+5 c0", "2: 5+6 c0"],
    },
  ]) {
    test(name, () => expect(shown(mergeAppends(messages))).toEqual(want));
  }
});
