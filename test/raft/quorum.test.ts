import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeId } from "../../src/raft/index.js";
import { jointCommitted, jointVote, majorityCommitted, majorityVote } from "../../src/raft/quorum.js";
import { naiveCommitted } from "./quorum-script.js";

const id = fc.bigInt({ min: 1n, max: 9n });
const majority = fc.uniqueArray(id, { maxLength: 9 }).map((ids) => new Set(ids));
const joint = fc.record({ incoming: majority, outgoing: majority });
const acks = fc.uniqueArray(fc.tuple(id, fc.nat(20)), { selector: ([voter]) => voter }).map((list) => new Map(list));
const votes = fc.uniqueArray(fc.tuple(id, fc.boolean()), { selector: ([voter]) => voter }).map((list) => new Map(list));

const lookup = (map: ReadonlyMap<NodeId, number>) => (voter: NodeId) => map.get(voter);

test("the committed index of a majority is the one found by trying all indexes", () => {
  fc.assert(
    fc.property(majority, acks, (voters, acked) => {
      expect(majorityCommitted(voters, lookup(acked))).toBe(naiveCommitted(voters, acked));
    }),
    { numRuns: 2000 },
  );
});

test("both halves must have committed an index, unless one half is empty", () => {
  fc.assert(
    fc.property(joint, acks, ({ incoming, outgoing }, acked) => {
      const both = Math.min(naiveCommitted(incoming, acked), naiveCommitted(outgoing, acked));
      expect(jointCommitted({ incoming, outgoing }, lookup(acked))).toBe(both);
    }),
  );
});

test("a vote is won or lost when a majority decides, and pending while missing votes can decide", () => {
  fc.assert(
    fc.property(majority, votes, (voters, cast) => {
      fc.pre(voters.size > 0);
      const count = (want: boolean): number => [...voters].filter((voter) => cast.get(voter) === want).length;
      const quorum = Math.floor(voters.size / 2) + 1;
      const lost = voters.size - count(false) < quorum;
      const expected = count(true) >= quorum ? "VoteWon" : lost ? "VoteLost" : "VotePending";
      expect(majorityVote(voters, cast)).toBe(expected);
    }),
  );
});

test("a pending vote can still be won and lost, and a decided one cannot change", () => {
  fc.assert(
    fc.property(joint, votes, (quorum, cast) => {
      const everybody = [...quorum.incoming, ...quorum.outgoing];
      const finish = (rest: boolean) =>
        jointVote(quorum, new Map(everybody.map((voter) => [voter, cast.get(voter) ?? rest])));
      const now = jointVote(quorum, cast);
      if (now === "VotePending") expect([finish(true), finish(false)]).toEqual(["VoteWon", "VoteLost"]);
      else expect([finish(true), finish(false)]).toEqual([now, now]);
    }),
    { numRuns: 1000 },
  );
});

test("two quorums of a configuration share a voter, so two candidates cannot both win", () => {
  fc.assert(
    fc.property(joint, votes, (quorum, cast) => {
      fc.pre(quorum.incoming.size > 0);
      const opposite = new Map([...cast].map(([voter, vote]) => [voter, !vote]));
      const won = [jointVote(quorum, cast), jointVote(quorum, opposite)].filter((result) => result === "VoteWon");
      expect(won.length).toBeLessThanOrEqual(1);
    }),
  );
});
