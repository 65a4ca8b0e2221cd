import { expect, test } from "vitest";
import type { MemberId } from "../../../src/base/index.js";
import type { ConfState } from "../../../src/raft/index.js";
import { SoleMember } from "../../../src/server/log/sole-member.js";

const self = 1n as MemberId;

function configuration(voters: readonly bigint[], more: Partial<ConfState> = {}): ConfState {
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false, ...more };
}

test("a member that is alone decides from the first entry of a term that it leads", () => {
  const sole = new SoleMember(self, configuration([self]));
  expect(sole.decides).toBe(false);
  sole.firstOfTerm(false);
  expect(sole.decides).toBe(false);
  sole.firstOfTerm(true);
  expect(sole.decides).toBe(true);
  sole.configured(configuration([self]));
  expect(sole.decides).toBe(true);
  sole.leadershipLost();
  expect(sole.decides).toBe(false);
  sole.firstOfTerm(true);
  expect(sole.decides).toBe(true);
});

for (const { name, state } of [
  { name: "another voter", state: configuration([self, 2n]) },
  { name: "a learner", state: configuration([self], { learners: [2n] }) },
  { name: "a voter that will be a learner", state: configuration([self], { learnersNext: [2n] }) },
  { name: "a voter that leaves", state: configuration([self], { votersOutgoing: [self, 2n] }) },
]) {
  test(`a member does not decide alone any more after ${name}, also when the other has been removed`, () => {
    const sole = new SoleMember(self, configuration([self]));
    sole.firstOfTerm(true);
    sole.configured(state);
    expect(sole.decides).toBe(false);
    sole.configured(configuration([self]));
    sole.firstOfTerm(true);
    expect(sole.decides).toBe(false);
  });

  test(`a member does not decide alone if it starts with ${name}`, () => {
    const sole = new SoleMember(self, state);
    sole.firstOfTerm(true);
    expect(sole.decides).toBe(false);
  });
}
