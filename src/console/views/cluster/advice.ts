import type { MemberState } from "../../api/console.js";
import { leaderOf } from "../../state/members.js";
import { binaryOf } from "../../text/binary.js";
import { bytesText, countText, hexId } from "../../text/format.js";
import { etcdctlLine } from "../../text/shell.js";

/** Something that needs a person, with what to do. */
export interface Advice {
  readonly tone: "warn" | "bad";
  readonly title: string;
  readonly text: string;
  /** The command lines that help, in their order. */
  readonly commands: readonly string[];
  /** The alarm that can be disarmed afterwards, at this member. */
  readonly alarm?: { readonly name: string; readonly memberId: string };
}

/** A follower that is this many entries behind is shown as slow. */
const lagWarning = 5_000;
/** A database with less than this share in use is worth a defragmentation, if it is not small. */
const shareWorthDefragmenting = 0.5;
const sizeWorthDefragmenting = 256 * 1024 * 1024;

/** The things that an operator should know about the members, the worst first. */
export function adviceOn(members: readonly MemberState[]): readonly Advice[] {
  const all = [...majorityAdvice(members), ...members.flatMap(memberAdvice)];
  return [...all.filter(({ tone }) => tone === "bad"), ...all.filter(({ tone }) => tone === "warn")];
}

function majorityAdvice(members: readonly MemberState[]): readonly Advice[] {
  const voters = members.filter(({ isLearner }) => !isLearner);
  const reached = voters.filter((member) => member.reached).length;
  const majority = Math.floor(voters.length / 2) + 1;
  if (voters.length === 0) return [];
  if (reached < majority) {
    return [
      {
        tone: "bad",
        title: `Only ${reached} of ${voters.length} voting members can be reached`,
        text: `The cluster needs ${majority} to accept writes. Start the others again, or repair the network to them.`,
        commands: ["etcdctl endpoint health --cluster"],
      },
    ];
  }
  if (leaderOf(members) !== undefined) return [];
  return [
    {
      tone: "bad",
      title: "The cluster has no leader",
      text: "Members are electing one. If this lasts, they may not reach each other over their peer URLs.",
      commands: ["etcdctl endpoint status --cluster -w table"],
    },
  ];
}

function memberAdvice(member: MemberState): readonly Advice[] {
  const name = member.name || "A member";
  if (!member.reached) {
    const why = member.error === "" ? "" : ` (${member.error})`;
    const text = `It does not answer over its peer URLs${why}. Look at its log, and start it again if it stopped.`;
    return [{ tone: "bad", title: `${name} cannot be reached`, text, commands: [] }];
  }
  const found: Advice[] = member.alarms.map((alarm) => alarmAdvice(member, alarm));
  if (member.lag > lagWarning) {
    found.push({
      tone: "warn",
      title: `${name} is ${countText(member.lag)} entries behind the leader`,
      text: "It catches up by itself. If it does not, its disk or its network is too slow.",
      commands: [],
    });
  }
  if (member.dbSize > sizeWorthDefragmenting && member.dbSizeInUse < shareWorthDefragmenting * member.dbSize) {
    found.push({
      tone: "warn",
      title: `${name} holds ${bytesText(member.dbSize - member.dbSizeInUse)} of free space in its database`,
      text: "A defragmentation gives it back to the file system. The member answers more slowly meanwhile.",
      commands: [commandAt(member, "defrag")],
    });
  }
  return found;
}

/** The command line that asks one member. Its URLs are what its operator has configured, and may be anything. */
function commandAt({ clientURLs: [url = ""] }: MemberState, ...words: readonly string[]): string {
  return etcdctlLine([`--endpoints=${binaryOf(url)}`, ...words]);
}

function alarmAdvice(member: MemberState, alarm: string): Advice {
  const { id, name } = member;
  const known = { name: alarm, memberId: id };
  if (alarm === "NOSPACE") {
    return {
      tone: "bad",
      title: `${name} has no space left: the cluster refuses writes`,
      text: "Compact old revisions, defragment each member, then disarm the alarm. Or raise --quota-backend-bytes.",
      commands: [
        "etcdctl compact $(etcdctl endpoint status -w json | jq '.[0].Status.header.revision')",
        "etcdctl defrag --cluster",
        "etcdctl alarm disarm",
      ],
      alarm: known,
    };
  }
  if (alarm === "CORRUPT") {
    return {
      tone: "bad",
      title: `${name} has other data than the rest of the cluster`,
      text: "Stop it, remove it from the cluster, delete its data directory, and add it again as a new member.",
      commands: ["etcdctl endpoint hashkv --cluster", `etcdctl member remove ${hexId(id)}`],
      alarm: known,
    };
  }
  return {
    tone: "warn",
    title: `${name} raised ${alarm}`,
    text: "",
    commands: [commandAt(member, "alarm", "list")],
    alarm: known,
  };
}
