import type { raftpb } from "../wire/index.js";
import type { WalSnapshot } from "./log-record.js";
import { type LogEvents, readRecords, type TornEnd } from "./record-reader.js";
import { listSegments, type Segment } from "./segments.js";
import { WalDamage } from "./wal-damage.js";

/** All about a log but its entries. */
export interface LogEnds {
  readonly segments: readonly Segment[];
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly hardState: raftpb.HardState;
  /** The snapshots that the log mentions and that the member had committed, the oldest first. */
  readonly snapshots: readonly WalSnapshot[];
  /** Index and term of the last entry; undefined in a log without entries. */
  readonly last: { readonly index: number; readonly term: number } | undefined;
  readonly torn: TornEnd | undefined;
}

/**
 * Reads through the whole log in `dir`.
 *
 * @param onDamage called for places that cannot be read, which are left out then; a log whose owner is unknown has the
 *   ids 0
 * @throws WalDamage for such places, unless `onDamage` is given; when there is no log
 */
export async function readLogEnds(dir: string, onDamage?: LogEvents["onDamage"]): Promise<LogEnds> {
  const segments = await listSegments(dir, onDamage);
  const damaged = (what: string): void => {
    const damage = new WalDamage(`the raft log in ${dir} is damaged: ${what}`);
    if (onDamage === undefined) throw damage;
    onDamage(damage);
  };
  let owner: { readonly memberId: bigint; readonly clusterId: bigint } | undefined;
  let hardState: raftpb.HardState = { term: 0, vote: 0n, commit: 0 };
  let last: LogEnds["last"];
  let torn: TornEnd | undefined;
  const snapshots: WalSnapshot[] = [];
  const onTorn = (end: TornEnd): void => {
    torn = end;
  };
  for await (const record of readRecords(segments, { onTorn, ...(onDamage && { onDamage }) })) {
    switch (record.case) {
      case "metadata": {
        const { nodeId: memberId, clusterId } = record.metadata;
        if (owner !== undefined && (owner.memberId !== memberId || owner.clusterId !== clusterId)) {
          damaged("its files belong to different members");
        }
        owner ??= { memberId, clusterId };
        break;
      }
      case "entry":
        last = record.entry;
        break;
      case "state":
        hardState = record.state;
        break;
      case "snapshot":
        snapshots.push(record.snapshot);
        break;
    }
  }
  if (owner === undefined) damaged("it does not name its member");
  const committed = snapshots.filter(({ index }) => index <= hardState.commit);
  const { memberId = 0n, clusterId = 0n } = owner ?? {};
  return { segments, memberId, clusterId, hardState, snapshots: committed, last: last && { ...last }, torn };
}
