import { expect, test } from "vitest";
import { expectNothingLost, Load } from "./load.js";
import { type Member, Members } from "./members.js";

// Uses a short log, so that a member that was away for a moment needs a snapshot.
const cutEarly = ["--snapshot-count", "100", "--experimental-snapshot-catchup-entries", "20"];

test("a member that was away catches up with a snapshot while writes go on", async () => {
  const members = await Members.startWith(() => cutEarly, ["ours", "ours", "ours"]);
  const all = members.all as [Member, Member, Member];
  const endpoints = all.map(({ endpoint }) => endpoint);
  const load = new Load(endpoints, 4);
  try {
    const [, , away] = all;
    await away.kill();
    await load.burst(400, 1_000);
    await away.start(...cutEarly);
    await load.goesOn(100);
    await expectNothingLost(endpoints, load);
    expect(away.process.log).toContain("received and saved database snapshot");
    expect(away.process.log).toContain("using the tables of a snapshot as database");
    // The snapshot's data is still there after a restart.
    await Promise.all(all.map((member) => member.kill()));
    await Promise.all(all.map((member) => member.start(...cutEarly)));
    await expectNothingLost(endpoints, load);
  } finally {
    await load.stop();
    await members.stop();
  }
});
