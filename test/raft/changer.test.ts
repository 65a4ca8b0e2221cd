import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ConfChangeError,
  changeMembership,
  enterJoint,
  leaveJoint,
  type Membership,
  restoreMembership,
  simpleChange,
} from "../../src/raft/changer.js";
import { asConfChangeV2, type ConfChangeSingle, planConfChange } from "../../src/raft/conf-change.js";
import { jointVote } from "../../src/raft/quorum.js";
import { confStateOf, describeConfig, emptyConfig, isJoint } from "../../src/raft/tracker.js";
import { testCodec } from "./conf-change-codec.js";
import { describeChanges, parseChanges } from "./describe.js";

const empty: Membership = { config: emptyConfig, progress: new Map() };
const context = { lastIndex: 10, limits: { messages: 10, bytes: Number.POSITIVE_INFINITY } };

const change = fc.record<ConfChangeSingle>({
  type: fc.constantFrom(
    "ConfChangeAddNode",
    "ConfChangeAddLearnerNode",
    "ConfChangeRemoveNode",
    "ConfChangeUpdateNode",
  ),
  nodeId: fc.bigInt({ min: 1n, max: 6n }),
});
/** Memberships of up to six members, whose first one is a voter. */
const start = fc
  .array(change, { maxLength: 8 })
  .map((changes) => changes.filter(({ nodeId }) => nodeId !== 1n))
  .map((changes) => [parseOne("v1"), ...changes].reduce((from, each) => simpleChange(from, [each], context), empty));
const transition = fc.array(change, { minLength: 1, maxLength: 5 });

function parseOne(text: string): ConfChangeSingle {
  const [only] = parseChanges(text);
  if (only === undefined) throw new Error(text);
  return only;
}

/** The result of a change; undefined if it was refused because no voter would remain. */
function attempt(run: () => Membership): Membership | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof ConfChangeError && error.message === "removed all voters") return undefined;
    throw error;
  }
}

function describeAll({ config, progress }: Membership): string {
  const roles = [...progress].map(([id, { isLearner }]) => `${id}${isLearner ? " learner" : ""}`).sort();
  return `${describeConfig(config)} ${roles.join(",")}`;
}

describe("changes of the membership", () => {
  test("a change through a joint configuration has the same result as simple changes one by one", () => {
    fc.assert(
      fc.property(start, transition, (from, changes) => {
        const joint = attempt(() => enterJoint(from, changes, false, context));
        fc.pre(joint !== undefined);
        const stepwise = attempt(() => changes.reduce((at, each) => simpleChange(at, [each], context), from));
        fc.pre(stepwise !== undefined);
        expect(describeAll(leaveJoint(joint ?? from))).toBe(describeAll(stepwise ?? from));
      }),
      { numRuns: 1000 },
    );
  });

  test("a quorum of the joint configuration contains a quorum of the old and one of the new configuration", () => {
    fc.assert(
      fc.property(start, transition, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (from, changes, yes) => {
        const joint = attempt(() => enterJoint(from, changes, false, context));
        fc.pre(joint !== undefined);
        if (joint === undefined) return;
        const votes = new Map(yes.map((vote, at) => [BigInt(at + 1), vote]));
        const after = leaveJoint(joint);
        const halves = [from.config.voters, after.config.voters].map((voters) => jointVote(voters, votes));
        expect(jointVote(joint.config.voters, votes) === "VoteWon").toBe(halves.every((half) => half === "VoteWon"));
      }),
    );
  });

  test("no learner is a voter in either half, and only members have a progress", () => {
    fc.assert(
      fc.property(start, transition, fc.boolean(), (from, changes, autoLeave) => {
        const joint = attempt(() => enterJoint(from, changes, autoLeave, context));
        fc.pre(joint !== undefined);
        for (const at of [joint ?? from, leaveJoint(joint ?? from)]) {
          const { voters, learners, learnersNext } = at.config;
          const voting = new Set([...voters.incoming, ...voters.outgoing]);
          expect([...learners].filter((id) => voting.has(id))).toEqual([]);
          expect([...learnersNext].filter((id) => !voters.outgoing.has(id))).toEqual([]);
          expect(new Set(at.progress.keys())).toEqual(new Set([...voting, ...learners]));
        }
      }),
    );
  });

  test("a stored configuration is restored unchanged, joint or not", () => {
    fc.assert(
      fc.property(start, transition, fc.boolean(), fc.boolean(), (from, changes, joint, autoLeave) => {
        const membership = joint ? (attempt(() => enterJoint(from, changes, autoLeave, context)) ?? from) : from;
        const state = confStateOf(membership.config);
        expect(confStateOf(restoreMembership(empty, state, context).config)).toEqual(state);
      }),
    );
  });

  test("a change does not modify the membership that it starts from", () => {
    fc.assert(
      fc.property(start, transition, (from, changes) => {
        const before = describeAll(from);
        attempt(() => enterJoint(from, changes, true, context));
        expect(describeAll(from)).toBe(before);
      }),
    );
  });

  test("the progress of remaining members is kept", () => {
    const from = simpleChange(empty, parseChanges("v1"), context);
    from.progress.get(1n)?.maybeUpdate(7);
    const after = leaveJoint(enterJoint(from, parseChanges("v2 v3 l4"), false, context));
    expect([...after.progress].map(([id, { match }]) => [id, match])).toEqual([
      [1n, 7],
      [2n, 0],
      [3n, 0],
      [4n, 0],
    ]);
  });

  test("a joint configuration can only be left", () => {
    const joint = enterJoint(simpleChange(empty, parseChanges("v1"), context), parseChanges("v2"), false, context);
    expect(isJoint(joint.config)).toBe(true);
    const auto = { version: 2, transition: "ConfChangeTransitionAuto", context: Buffer.alloc(0) } as const;
    const change = (text: string) => () => changeMembership(joint, { ...auto, changes: parseChanges(text) }, context);
    expect(change("v3")).toThrow("can't apply simple config change in joint config");
    expect(change("v3 v4")).toThrow("config is already joint");
    expect(describeConfig(change("")().config)).toBe("voters=(1 2)");
  });
});

describe("the protocol of a change", () => {
  for (const { transition, changes, plan } of [
    { transition: "ConfChangeTransitionAuto", changes: "", plan: { protocol: "leave joint" } },
    { transition: "ConfChangeTransitionAuto", changes: "v1", plan: { protocol: "simple" } },
    { transition: "ConfChangeTransitionAuto", changes: "v1 r2", plan: { protocol: "enter joint", autoLeave: true } },
    {
      transition: "ConfChangeTransitionJointImplicit",
      changes: "v1",
      plan: { protocol: "enter joint", autoLeave: true },
    },
    {
      transition: "ConfChangeTransitionJointExplicit",
      changes: "v1",
      plan: { protocol: "enter joint", autoLeave: false },
    },
    {
      transition: "ConfChangeTransitionJointExplicit",
      changes: "",
      plan: { protocol: "enter joint", autoLeave: false },
    },
  ] as const) {
    test(`${transition} of [${changes}]: ${plan.protocol}`, () => {
      const context = Buffer.alloc(0);
      expect(planConfChange({ version: 2, transition, changes: parseChanges(changes), context })).toEqual(plan);
    });
  }

  test("a ConfChange is the same as a ConfChangeV2 with one simple change", () => {
    const context = Buffer.from("c");
    const change = { version: 1, id: 5n, type: "ConfChangeRemoveNode", nodeId: 3n, context } as const;
    const wide = asConfChangeV2(change);
    expect(describeChanges(wide.changes)).toBe("r3");
    expect(planConfChange(wide)).toEqual({ protocol: "simple" });
    expect(testCodec.decode("EntryConfChange", testCodec.encode(change))).toEqual(change);
    expect(testCodec.decode("EntryConfChangeV2", testCodec.encode(wide))).toEqual(wide);
  });
});
