import { demandOfEntry } from "../../src/apply/index.js";
import { type ApiLevel, apiVersion, emptyBytes, type Random } from "../../src/base/index.js";
import type { Message } from "../../src/raft/index.js";

/**
 * The release that a machine stands for. Ours of a level are the server itself. `etcd 3.7` and `etcd 3.8` are doubles:
 * the server, with the rules of these releases towards other members around it.
 */
export interface Release {
  readonly level: ApiLevel;
  /** The version that the machine reports to other members. */
  readonly version: string;
  /** Whether a request of the v2 store stops it, wherever it is in the log. */
  readonly stopsAtV2: boolean;
  /** Whether its snapshots have no data, so that only their database names the members. */
  readonly bareSnapshots: boolean;
  /** Whether it takes databases as the tables of this program, too. */
  readonly tables: boolean;
}

const ours = (level: ApiLevel): Release => ({
  ...{ level, version: apiVersion(level), stopsAtV2: false, bareSnapshots: false, tables: true },
});
const double = (version: string, bareSnapshots: boolean): Release => ({
  ...{ level: "3.7", version, stopsAtV2: true, bareSnapshots, tables: false },
});
const etcd37 = double("3.7.1", false);
const etcd38 = double("3.8.0-alpha.0", true);

/** A release for each founding member of a mixed cluster, with at least one double. */
export function mixedReleases(random: Random, count: number): readonly Release[] {
  const all = [ours("3.5"), ours("3.6"), ours("3.7"), etcd37, etcd38];
  const chosen = Array.from({ length: count }, () => all[random.int(all.length)] ?? etcd37);
  chosen[random.int(count)] = random.int(2) === 0 ? etcd37 : etcd38;
  return chosen;
}

/** A release that can join a cluster of any version that those of `mixedReleases` agree on. */
export function joiningRelease(random: Random): Release {
  return [ours("3.7"), etcd37, etcd38][random.int(3)] ?? etcd37;
}

/** The release of all members of a cluster that is not mixed. */
export const newest = ours("3.7");

/** @throws Error when the member would stop for good after it has got this message */
export function checkReadable({ stopsAtV2, version }: Release, { entries }: Message): void {
  if (!stopsAtV2) return;
  const fatal = entries.find(({ type, data }) => type === "EntryNormal" && demandOfEntry(data) === "v2");
  if (fatal === undefined) return;
  throw new Error(`entry ${fatal.index} is a request of the v2 store, and was sent to a member of ${version}`);
}

/** A snapshot message as a member of the release sends it. */
export function asSent({ bareSnapshots }: Release, message: Message): Message {
  if (!bareSnapshots || message.snapshot === undefined) return message;
  return { ...message, snapshot: { ...message.snapshot, data: emptyBytes } };
}
