import { type ApiLevel, apiVersion, EtcdError, isAtLeast } from "../../base/index.js";
import type { Cluster } from "../../cluster/index.js";
import type { Store } from "../../mvcc/index.js";
import type { PeerService } from "../../transport/index.js";
import type { ReadIndex } from "../log/read-index.js";
import type { LeaseService } from "./lease-service.js";
import type { MaintenanceService } from "./maintenance-service.js";

export interface PeerServiceConfig {
  readonly level: ApiLevel;
  readonly cluster: Cluster;
  readonly store: Store;
  readonly leases: LeaseService;
  readonly readIndex: ReadIndex;
  readonly maintenance: Pick<MaintenanceService, "storageVersion">;
  readonly promote: PeerService["promote"];
  readonly console: PeerService["console"];
}

/** Answers the requests of peers that do not go through raft. */
export function peerService({
  level,
  cluster,
  store,
  leases,
  readIndex,
  maintenance,
  promote,
  console,
}: PeerServiceConfig): PeerService {
  const forever = new AbortController().signal;
  return {
    clusterId: cluster.clusterId,
    serverVersion: apiVersion(level),
    clusterVersion: () => cluster.version,
    storageVersion: () => (isAtLeast(level, "3.6") ? (maintenance.storageVersion ?? "unknown") : undefined),
    members: () => cluster.members(),
    promote,
    console,
    renewLease: (id) => lagAsTimeout(() => leases.renewHere(id, forever)),
    leaseTimeToLive: (id, keys) => lagAsTimeout(() => leases.timeToLiveHere(id, keys)),
    hashKv: (revision) => store.hashKv(revision),
    async downgradeEnabled() {
      await readIndex.wait();
      return cluster.downgrade.enabled;
    },
  };
}

/** Reports to a peer as a timeout that this member has not applied all committed entries. */
async function lagAsTimeout<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof EtcdError && error.kind === "timeoutWaitApplied") throw new EtcdError("timeout");
    throw error;
  }
}
