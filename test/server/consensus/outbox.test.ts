import { describe, expect, test } from "vitest";
import {
  createMessage,
  type Entry,
  type Message,
  type MessageBody,
  type MessageType,
} from "../../../src/raft/index.js";
import { mergeAppends } from "../../../src/server/consensus/merge-appends.js";
import { sortMessages } from "../../../src/server/consensus/outbox.js";

const entry = (index: number, term = 2, bytes = 1): Entry => {
  return { index, term, type: "EntryNormal", data: new Uint8Array(bytes) };
};
const message = (type: MessageType, to = 2n, body: MessageBody = {}, term = 2): Message =>
  createMessage(type, to, 1n, term, body);
const append = (after: number, entries: readonly Entry[], commit = 0, to = 2n, logTerm = 2): Message =>
  message("MsgApp", to, { index: after, logTerm, entries, commit });

const nothing = { softState: undefined, hardState: undefined, readStates: [], reads: [], snapshot: undefined };
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
      name: "sends a leader's appends while the leader writes",
      messages: [append(8, [entry(9)]), message("MsgHeartbeat")],
      leading: true,
      writes: true,
      want: { now: "MsgApp MsgHeartbeat", stored: "", snapshots: "" },
    },
    {
      name: "holds acceptances and votes until the write is done, also those of a new leader",
      messages: [message("MsgVoteResp"), message("MsgAppResp"), message("MsgPreVoteResp")],
      leading: true,
      writes: true,
      want: { now: "", stored: "MsgVoteResp MsgAppResp MsgPreVoteResp", snapshots: "" },
    },
    {
      name: "holds a candidate's requests until its own vote is stored",
      messages: [message("MsgVote")],
      leading: false,
      writes: true,
      want: { now: "", stored: "MsgVote", snapshots: "" },
    },
    {
      name: "sends a follower's forwarded proposals and heartbeat answers at once",
      messages: [message("MsgProp", 2n, {}, 0), message("MsgReadIndex", 2n, {}, 0), message("MsgHeartbeatResp")],
      leading: false,
      writes: true,
      want: { now: "MsgProp MsgReadIndex MsgHeartbeatResp", stored: "", snapshots: "" },
    },
    {
      name: "sends all messages when there is nothing to store",
      messages: [message("MsgAppResp"), message("MsgVote")],
      leading: false,
      writes: false,
      want: { now: "MsgAppResp MsgVote", stored: "", snapshots: "" },
    },
    {
      name: "separates snapshots, and drops messages to removed members",
      messages: [message("MsgSnap"), message("MsgHeartbeat", 66n), message("MsgSnap", 66n)],
      leading: true,
      writes: false,
      want: { now: "", stored: "", snapshots: "MsgSnap" },
    },
  ]) {
    test(name, () => expect(sorted(messages, leading, writes)).toEqual(want));
  }

  test("holds a heartbeat answer of a term that is not stored yet", () => {
    expect(sorted([message("MsgHeartbeatResp")], false, true, 1).stored).toBe("MsgHeartbeatResp");
  });

  test("holds a leader's appends of a term that is not stored yet", () => {
    expect(sorted([append(8, [entry(9)])], true, true, 1)).toMatchObject({ now: "", stored: "MsgApp" });
  });

  test("sends only the highest acceptance of the newest term, in any order of arrival", () => {
    const accept = (index: number, term = 2): Message => message("MsgAppResp", 2n, { index }, term);
    const sent = (answers: readonly Message[]) =>
      sortMessages(ready(answers), false, 3, () => false).now.map(({ term, index }) => `${term}:${index}`);
    expect(sent([accept(7), accept(9), accept(5)])).toEqual(["2:9"]);
    expect(sent([accept(9), accept(4, 3), accept(5)])).toEqual(["3:4"]);
  });

  test("sends one acceptance to each receiver, and all rejections", () => {
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
      name: "joins consecutive appends and takes the last commit index",
      messages: [append(4, [entry(5)], 3), append(5, [entry(6), entry(7)], 4), append(7, [], 5)],
      want: ["2: 4+5,6,7 c5"],
    },
    {
      name: "does not join appends to different followers",
      messages: [
        append(4, [entry(5)]),
        append(4, [entry(5)], 0, 3n),
        append(5, [entry(6)]),
        append(5, [entry(6)], 0, 3n),
      ],
      want: ["2: 4+5,6 c0", "3: 4+5,6 c0"],
    },
    {
      name: "does not join appends with a gap between them",
      messages: [append(4, [entry(5)]), append(6, [entry(7)]), append(4, [entry(5)])],
      want: ["2: 4+5 c0", "2: 6+7 c0", "2: 4+5 c0"],
    },
    {
      name: "does not join appends whose previous term differs",
      messages: [append(4, [entry(5, 1)]), append(5, [entry(6)])],
      want: ["2: 4+5 c0", "2: 5+6 c0"],
    },
    {
      name: "joins appends with other messages between them",
      messages: [append(4, [entry(5)]), message("MsgHeartbeat"), append(5, [entry(6)])],
      want: ["2: 4+5,6 c0", "MsgHeartbeat"],
    },
    {
      name: "makes no message larger than the limit",
      messages: [append(4, [entry(5, 2, 200_000)]), append(5, [entry(6, 2, 200_000)])],
      want: ["2: 4+5 c0", "2: 5+6 c0"],
    },
  ]) {
    test(name, () => expect(shown(mergeAppends(messages))).toEqual(want));
  }
});
