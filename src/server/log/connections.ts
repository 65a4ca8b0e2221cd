import type { MemberId } from "../../base/index.js";
import type { Cluster } from "../../cluster/index.js";
import type { NodeId } from "../../raft/index.js";
import type { ConsensusCore } from "../consensus/contract.js";

/** Since when the other members have been reachable. */
export class Connections {
  readonly #cluster: Cluster;
  readonly #core: Pick<ConsensusCore, "activeSince">;

  constructor(cluster: Cluster, core: Pick<ConsensusCore, "activeSince">) {
    this.#cluster = cluster;
    this.#core = core;
  }

  /** The time, by the clock, since which a member has been reachable; undefined while it is not. */
  activeSince(id: MemberId): number | undefined {
    return this.#core.activeSince(id);
  }

  /** Whether the connection to a member has existed since the given time. */
  existSince(id: NodeId, since: number): boolean {
    const active = this.activeSince(id as MemberId);
    return active !== undefined && active < since;
  }

  /** Whether a quorum of members, this one included, has been reachable since the given time. */
  quorumSince(since: number): boolean {
    const members = this.#cluster.members();
    const connected = members.filter(({ id }) => id === this.#cluster.localId || this.existSince(id, since));
    return connected.length >= Math.floor(members.length / 2) + 1;
  }

  /** The member among `ids` that has been reachable for the longest time; undefined when none is reachable. */
  longest(ids: readonly MemberId[]): MemberId | undefined {
    let longest: { readonly id: MemberId; readonly since: number } | undefined;
    for (const id of ids) {
      const since = this.activeSince(id);
      if (since !== undefined && (longest === undefined || since < longest.since)) longest = { id, since };
    }
    return longest?.id;
  }
}
