import type { NodeId } from "../../src/raft/index.js";
import {
  hex,
  type JointQuorum,
  jointCommitted,
  jointVote,
  jointVoters,
  type Majority,
  majorityCommitted,
  majorityVote,
} from "../../src/raft/quorum.js";
import type { Block } from "./datadriven.js";

/** Runs `committed` and `vote` over one majority (`cfg`) or two (`cfgj`). Values are in the order of the voters. */
export function handleQuorum({ command, args }: Block): string {
  const values = (key: string): readonly string[] | undefined => args.find((each) => each.key === key)?.values;
  const incoming = (values("cfg") ?? []).map(BigInt);
  const joint = values("cfgj");
  const outgoing = (joint ?? []).filter((each) => each !== "zero").map(BigInt);
  const quorum = { incoming: new Set(incoming), outgoing: new Set(outgoing) };
  const given = values(command === "vote" ? "votes" : "idx") ?? [];
  const voters = [...new Set([...incoming, ...outgoing])];
  if (voters.length !== given.length) {
    const numbers = given.map((each) => ({ y: "2", n: "1", _: "0" })[each] ?? each);
    const map = jointVoters(quorum).map((id) => `${id}:{}`);
    return `error: mismatched input (explicit or _) for voters map[${map.join(" ")}]: [${numbers.join(" ")}]`;
  }
  const named = new Map<NodeId, string>();
  voters.forEach((id, at) => {
    const text = given[at];
    if (text !== undefined && text !== "_") named.set(id, text);
  });
  switch (command) {
    case "committed": {
      const acked = new Map([...named].map(([id, text]) => [id, Number(text)]));
      return joint === undefined ? majorityLines(quorum.incoming, acked) : jointLines(quorum, acked);
    }
    case "vote": {
      const votes = new Map([...named].map(([id, text]) => [id, text === "y"]));
      return joint === undefined ? majorityVote(quorum.incoming, votes) : jointVoteLines(quorum, votes);
    }
    default:
      throw new Error(`unknown command: ${command}`);
  }
}

function jointVoteLines(quorum: JointQuorum, votes: ReadonlyMap<NodeId, boolean>): string {
  const result = jointVote(quorum, votes);
  const mirrored = jointVote(mirror(quorum), votes);
  return mirrored === result ? result : `${mirrored} <-- via symmetry\n${result}`;
}

type Acked = ReadonlyMap<NodeId, number>;

function jointLines(quorum: JointQuorum, acked: Acked): string {
  const lookup = (id: NodeId): number | undefined => acked.get(id);
  const index = jointCommitted(quorum, lookup);
  const mirrored = jointCommitted(mirror(quorum), lookup);
  const warning = mirrored === index ? "" : `${show(mirrored)} <-- via symmetry\n`;
  return `${describeAcks(jointVoters(quorum), acked)}${warning}${show(index)}`;
}

/** Prints the committed index of a majority, and any different result of another computation. */
function majorityLines(voters: Majority, acked: Acked): string {
  const lookup = (id: NodeId): number | undefined => acked.get(id);
  const index = majorityCommitted(voters, lookup);
  const others: [string, number][] = [
    ["via alternative computation", naiveCommitted(voters, acked)],
    ["via zero-joint quorum", jointCommitted({ incoming: voters, outgoing: new Set() }, lookup)],
    ["via self-joint quorum", jointCommitted({ incoming: voters, outgoing: voters }, lookup)],
  ];
  for (const id of voters) {
    const own = acked.get(id) ?? 0;
    if (index <= own || own === 0) continue;
    // A voter behind the committed index can be further behind without a change of the result.
    for (const lower of [own - 1, 0]) {
      const overlaid = (other: NodeId): number | undefined => (other === id ? lower : acked.get(other));
      others.push([`overlaying ${id}->${own}`, majorityCommitted(voters, overlaid)]);
    }
  }
  const warnings = others.filter(([, other]) => other !== index).map(([how, other]) => `${show(other)} <-- ${how}\n`);
  return `${describeAcks([...voters], acked)}${warnings.join("")}${show(index)}`;
}

/** The largest acknowledged index that a majority has reached, found by trying all of them. */
export function naiveCommitted(voters: Majority, acked: Acked): number {
  if (voters.size === 0) return Number.POSITIVE_INFINITY;
  const quorum = Math.floor(voters.size / 2) + 1;
  const ids = [...voters];
  const candidates = ids.map((id) => acked.get(id) ?? 0);
  const reached = candidates.filter((index) => ids.filter((id) => (acked.get(id) ?? 0) >= index).length >= quorum);
  return Math.max(0, ...reached);
}

function mirror({ incoming, outgoing }: JointQuorum): JointQuorum {
  return { incoming: outgoing, outgoing: incoming };
}

function show(index: number): string {
  return index === Number.POSITIVE_INFINITY ? "∞" : String(index);
}

/** A line for each voter, with a bar for the rank of its index. */
function describeAcks(voters: readonly NodeId[], acked: Acked): string {
  const count = voters.length;
  if (count === 0) return "<empty majority quorum>";
  const sorted = voters.map((id) => acked.get(id) ?? 0).sort((left, right) => left - right);
  const lines = [...voters]
    .sort((left, right) => (left < right ? -1 : 1))
    .map((id) => {
      const index = acked.get(id);
      const bar = sorted.indexOf(index ?? 0);
      const drawn = index === undefined ? `?${" ".repeat(count)}` : `${"x".repeat(bar)}>${" ".repeat(count - bar)}`;
      return `${drawn} ${String(index ?? 0).padStart(5)}    (id=${hex(id)})\n`;
    });
  return `${" ".repeat(count)}    idx\n${lines.join("")}`;
}
