import { describe, expect, test } from "vitest";
import { Simulation, type Treatment } from "./simulation.js";

const gentle = { voters: 3, asyncStorageWrites: false, preVote: false, checkQuorum: false, confChanges: false };

const treatments: readonly (Omit<Treatment, "seed"> & { readonly name: string })[] = [
  { name: "three members", ...gentle, lossPercent: 5 },
  { name: "five members on a bad network", ...gentle, voters: 5, lossPercent: 25 },
  { name: "pre-vote and check-quorum", ...gentle, preVote: true, checkQuorum: true, lossPercent: 10 },
  { name: "asynchronous storage writes", ...gentle, asyncStorageWrites: true, lossPercent: 10 },
  { name: "changing members", ...gentle, confChanges: true, lossPercent: 5 },
  {
    name: "changing members, asynchronous, pre-vote and check-quorum",
    voters: 3,
    asyncStorageWrites: true,
    preVote: true,
    checkQuorum: true,
    confChanges: true,
    lossPercent: 5,
  },
];

const seeds = Number(process.env.RAFT_SEEDS ?? 12);

describe("simulated groups keep all invariants and agree in the end", () => {
  for (const { name, ...treatment } of treatments) {
    for (let seed = 1; seed <= seeds; seed++) {
      test(`${name}, seed ${seed}`, () => {
        const simulation = new Simulation({ ...treatment, seed });
        simulation.run(3000);
        const states = simulation.settle();
        expect(states.size).toBe(1);
        expect([...states][0]).toMatch(/last$/);
      });
    }
  }
});
