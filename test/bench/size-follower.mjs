// The step of size.mjs about a member that is added to a cluster of one with much data, until it has caught up.
import { setTimeout as pause } from "node:timers/promises";
import { thousands } from "./size-steps.mjs";

const pollMs = 200;

/**
 * Adds a learner to a member that has its data already.
 *
 * @param learner a member that is not started, with a folder of its own
 */
export async function measureFollower(member, learner) {
  const before = member.anonymousMiB();
  const { members } = await member.call("Cluster", "MemberList", {});
  await learner.choosePorts();
  const { member: added } = await member.call("Cluster", "MemberAdd", { peerUrls: [learner.peerUrl], isLearner: true });
  const cluster = [`default=${members[0].peerUrls[0]}`, `follower=${learner.peerUrl}`].join(",");
  const flags = ["--name", "follower", "--initial-cluster", cluster, "--initial-cluster-state", "existing"];
  const [cpuBefore, begin] = [member.cpuSeconds(), performance.now()];
  let peak = 0;
  try {
    await member.loop();
    const { p99, longest } = await member.pulseDuring(async () => {
      await learner.start(flags);
      for (let behind = true; behind; await pause(pollMs)) {
        peak = Math.max(peak, member.anonymousMiB());
        const [ours, theirs] = await Promise.all([status(member), status(learner)]);
        behind = theirs === undefined || theirs.raftAppliedIndex + 1_000 < ours.raftAppliedIndex;
      }
    });
    const seconds = (performance.now() - begin) / 1_000;
    const loop = await member.loop();
    const counts = await Promise.all([member, learner].map(countOf));
    if (counts[0] !== counts[1]) throw new Error(`the learner has ${counts[1]} keys of ${counts[0]}`);
    return [
      [`a learner has caught up with ${thousands(counts[0])} keys after, s`, seconds.toFixed(1)],
      ["CPU of the leader, s", (member.cpuSeconds() - cpuBefore).toFixed(1)],
      ["CPU of the learner, s", learner.cpuSeconds().toFixed(1)],
      ["memory of the leader without mapped files, grown by, MiB", (peak - before).toFixed(0)],
      ["memory of the learner without mapped files, MiB", learner.anonymousMiB().toFixed(0)],
      ["put every 5 ms at the leader meanwhile: p99, longest, ms", `${p99.toFixed(0)}, ${longest.toFixed(0)}`],
      ["the leader's loop was held at most, ms of CPU", loop?.cpuMs.toFixed(0) ?? "-"],
    ];
  } finally {
    await member.call("Cluster", "MemberRemove", { id: added.id });
    await learner.remove();
  }
}

function status(member) {
  return member.call("Maintenance", "Status", {}, 5_000).catch(() => undefined);
}

async function countOf(member) {
  const range = { key: "size/keys/", rangeEnd: "size/keys0", countOnly: true, serializable: true };
  return (await member.call("KV", "Range", range)).count;
}
