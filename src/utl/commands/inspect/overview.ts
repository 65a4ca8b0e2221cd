import type { InspectedMember } from "../../../server/index.js";
import type { Lines } from "./lines.js";

/** Prints the member, its log and snapshots, and the size of each bucket. */
export async function showOverview(member: InspectedMember, lines: Lines): Promise<void> {
  const { kind, ids, hardState, snapshots, log, meta } = member;
  const [memberId, clusterId] = [hex(ids?.memberId), hex(ids?.clusterId)];
  const owner = kind === "etcd" ? "etcd itself" : "this package";
  await lines({
    type: "member",
    text: `member ${memberId} of cluster ${clusterId}, in the format of ${owner}`,
    fields: { memberId, clusterId, format: kind },
  });
  const { term = 0, vote = 0n, commit = 0 } = hardState ?? {};
  await lines({
    type: "hardState",
    text: `hard state: term ${term}, vote ${hex(vote)}, commit ${commit}`,
    fields: { term, vote: hex(vote), commit },
  });
  const isEmpty = log.last < log.first;
  await lines({
    type: "log",
    text: isEmpty ? "raft log: no entries" : `raft log: entries ${log.first} to ${log.last}`,
    fields: { first: log.first, last: log.last },
  });
  for (const { index, term: ofSnapshot, confState } of snapshots) {
    const [voters, learners] = [confState?.voters.map(hex), confState?.learners.map(hex)];
    const roles =
      `voters ${voters === undefined ? "unknown" : voters.join(" ")}` +
      `${(learners?.length ?? 0) > 0 ? `, learners ${learners?.join(" ")}` : ""}`;
    await lines({
      type: "snapshot",
      text: `snapshot at ${index}: term ${ofSnapshot}, ${roles}`,
      fields: { index, term: ofSnapshot, voters, learners },
    });
  }
  if (member.database.buckets.length === 0) {
    await lines({ type: "database", text: "database: nothing of it can be read", fields: { readable: false } });
    return;
  }
  const version = meta.storageVersion ?? "3.5 or older";
  await lines({
    type: "database",
    text: `database: applied ${meta.index} of term ${meta.term}, storage version ${version}`,
    fields: { applied: meta.index, term: meta.term, storageVersion: meta.storageVersion },
  });
  await showSizesOfBuckets(member, lines);
}

async function showSizesOfBuckets({ database }: InspectedMember, lines: Lines): Promise<void> {
  for (const bucket of database.buckets) {
    let [rows, bytes] = [0, 0];
    for await (const batch of database.batches(bucket)) {
      rows += batch.length;
      bytes += batch.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
    }
    const text = `bucket ${bucket}: ${rows} ${rows === 1 ? "row" : "rows"}, ${bytes} bytes`;
    await lines({ type: "bucket", text, fields: { bucket, rows, bytes } });
  }
}

function hex(id: bigint | undefined): string {
  return (id ?? 0n).toString(16);
}
