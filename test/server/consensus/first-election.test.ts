import { expect, test } from "vitest";
import { ManualClock, type MemberId, silentLogger } from "../../../src/base/index.js";
import { serverDefaults } from "../../../src/server/config.js";
import { FirstElection } from "../../../src/server/consensus/first-election.js";
import type { RaftNode } from "../../../src/server/consensus/raft-node.js";
import { settings } from "../member.js";

for (const { name, voters, advance, peers, want } of [
  { name: "alone, campaigns at once", voters: [1n], advance: true, peers: 0, want: { campaigns: 1, skipped: 0 } },
  {
    name: "alone, campaigns at once with and without the flag",
    voters: [1n],
    advance: false,
    peers: 0,
    want: { campaigns: 1, skipped: 0 },
  },
  {
    name: "with reachable peers and the flag, skips part of the election timeout",
    voters: [1n, 2n, 3n],
    advance: true,
    peers: 2,
    want: { campaigns: 0, skipped: 8 },
  },
  {
    name: "with unreachable peers and the flag, waits the election timeout",
    voters: [1n, 2n, 3n],
    advance: true,
    peers: 1,
    want: { campaigns: 0, skipped: 0 },
  },
  {
    name: "without the flag, waits the election timeout",
    voters: [1n, 2n, 3n],
    advance: false,
    peers: 2,
    want: { campaigns: 0, skipped: 0 },
  },
]) {
  test(`a member that has started ${name}`, async () => {
    const clock = new ManualClock();
    const done = { campaigns: 0, skipped: 0 };
    const raftNode = {
      status: () => ({ config: { voters, votersOutgoing: [] } }),
      campaign: () => {
        done.campaigns++;
      },
      skipTicks: (ticks: number) => {
        done.skipped += ticks;
      },
    };
    const election = new FirstElection({
      settings: { ...serverDefaults, ...settings, dataDir: "", electionTicks: 10, electionTickAdvance: advance },
      memberId: 1n as MemberId,
      raftNode: raftNode as unknown as RaftNode,
      whenApplied: () => Promise.resolve(),
      hasLeader: () => false,
      activePeers: () => peers,
      ...{ clock, logger: silentLogger },
    });
    election.start(0);
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(1_000);
    expect(done).toEqual(want);
    election.stop();
  });
}
