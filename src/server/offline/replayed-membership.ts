import { changeMembership, commandOf, decodeEntryRequest } from "../../apply/index.js";
import { type Backend, openMemoryBackend } from "../../backend/index.js";
import { assert, newestApiLevel, silentLogger, systemClock } from "../../base/index.js";
import { Cluster } from "../../cluster/index.js";
import type { ConfState, Entry } from "../../raft/index.js";
import type { WalMetadata } from "../../wal/index.js";
import { confChangeCodec } from "../consensus/conf-change-codec.js";

/** The members of a cluster and raft's configuration, as of an entry of the log. */
export interface Membership {
  readonly confState: ConfState;
  /** The members as the data of a raft snapshot. */
  readonly data: Uint8Array;
}

/** The entries up to one index that change the membership. Entries of the log may be replaced while they are read. */
export class MembershipChanges {
  readonly #through: number;
  #entries: Entry[] = [];

  /** @param through entries behind this index are left out */
  constructor(through: number) {
    this.#through = through;
  }

  add(entry: Entry): void {
    while ((this.#entries.at(-1)?.index ?? 0) >= entry.index) this.#entries.pop();
    if (entry.index > this.#through || entry.data.length === 0) return;
    const isChange = entry.type !== "EntryNormal" || commandOf(decodeEntryRequest(entry.data)).case === "membership";
    if (isChange) this.#entries.push(entry);
  }

  /**
   * The membership after all entries, as a member that applies them has it.
   *
   * @param start the membership before them; undefined at the beginning of a log
   */
  async after(start: Membership | undefined, { clusterId, memberId: localId }: WalMetadata): Promise<Membership> {
    const backend = await memoryBackend();
    try {
      const cluster = new Cluster({ level: newestApiLevel, backend, logger: silentLogger, clusterId, localId });
      if (start !== undefined) await cluster.restoreSnapshot(start.data);
      const roles = new Roles(start?.confState);
      for (const entry of this.#entries) apply(entry, cluster, roles);
      return { confState: roles.confState(), data: cluster.snapshotData() };
    } finally {
      await backend.close();
    }
  }
}

export function memoryBackend(): Promise<Backend> {
  return openMemoryBackend({ clock: systemClock, logger: silentLogger, onFailure: () => undefined });
}

function apply({ type, data }: Entry, cluster: Cluster, roles: Roles): void {
  if (type === "EntryNormal") {
    const command = commandOf(decodeEntryRequest(data));
    if (command.case === "membership") changeMembership(cluster, command.value);
    return;
  }
  const change = confChangeCodec.decode(type, data);
  assert(change.version === 1, "etcd changes one member at a time");
  if (cluster.refusesConfChange(change) !== undefined) return;
  cluster.applyConfChange(change);
  if (change.type !== "ConfChangeUpdateNode") roles.set(change.nodeId, change.type);
}

/** Who votes and who learns. etcd changes one member at a time, so there are no joint configurations. */
class Roles {
  readonly #roles = new Map<bigint, "voter" | "learner">();

  constructor(state: ConfState | undefined) {
    for (const id of state?.voters ?? []) this.#roles.set(id, "voter");
    for (const id of state?.learners ?? []) this.#roles.set(id, "learner");
  }

  set(id: bigint, change: "ConfChangeAddNode" | "ConfChangeAddLearnerNode" | "ConfChangeRemoveNode"): void {
    if (change === "ConfChangeRemoveNode") this.#roles.delete(id);
    else this.#roles.set(id, change === "ConfChangeAddNode" ? "voter" : "learner");
  }

  confState(): ConfState {
    const having = (role: "voter" | "learner"): bigint[] =>
      [...this.#roles]
        .flatMap(([id, held]) => (held === role ? [id] : []))
        .sort((one, other) => (one < other ? -1 : 1));
    return {
      voters: having("voter"),
      learners: having("learner"),
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    };
  }
}
