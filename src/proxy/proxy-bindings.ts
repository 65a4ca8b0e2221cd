import type { MemoryAccount } from "../base/index.js";
import type { Binding } from "../rpc/index.js";
import { services } from "../wire/index.js";
import { authBindings } from "./auth-bindings.js";
import { clusterBindings } from "./cluster/cluster-bindings.js";
import type { Registry } from "./cluster/registry.js";
import { forwarded, forwardedStream, forwardedWait } from "./forward.js";
import { type KvCall, kvBindings } from "./kv/kv-bindings.js";
import type { RangeCache } from "./kv/range-cache.js";
import { leaseBindings } from "./lease/lease-bindings.js";
import type { Upstream } from "./upstream.js";
import type { WatchCounters } from "./watch/watch-counters.js";
import { WatchProxy } from "./watch/watch-proxy.js";

export interface ProxyBindingsConfig {
  readonly upstream: Upstream;
  readonly memory: MemoryAccount;
  readonly cache: RangeCache;
  /** Sends requests about keys on. */
  readonly kv: KvCall;
  /** How clients reach this proxy; empty for a proxy that does not say so. */
  readonly advertised: string;
  readonly registry: Registry | undefined;
}

/** All gRPC methods of the proxy, and what its watches count. */
export function proxyBindings(config: ProxyBindingsConfig): {
  readonly bindings: readonly Binding[];
  readonly watches: WatchCounters;
} {
  const { upstream, memory, cache, kv, advertised, registry } = config;
  const watches = new WatchProxy(upstream, memory);
  const bindings = [
    ...kvBindings(kv, cache, upstream.clock),
    watches.binding,
    ...leaseBindings(upstream, () => cache.clear()),
    ...clusterBindings(upstream, advertised, registry),
    ...maintenanceBindings(upstream),
    ...authBindings(upstream, () => cache.clear()),
    ...lockBindings(upstream),
    ...electionBindings(upstream),
  ];
  return { bindings, watches: watches.counters };
}

/** etcdserverpb.Maintenance. Which member answers is not known. */
function maintenanceBindings(upstream: Upstream): readonly Binding[] {
  const { Alarm, Status, Defragment, Hash, HashKV, Snapshot, MoveLeader, Downgrade } =
    services["etcdserverpb.Maintenance"];
  return [
    ...[Status, Hash, HashKV].map(({ path }) => forwarded(upstream, path, "repeatable")),
    ...[Alarm, Defragment, MoveLeader, Downgrade].map(({ path }) => forwarded(upstream, path)),
    forwardedStream(upstream, Snapshot.path),
  ];
}

function lockBindings(upstream: Upstream): readonly Binding[] {
  const { Lock, Unlock } = services["v3lockpb.Lock"];
  return [forwardedWait(upstream, Lock.path), forwarded(upstream, Unlock.path)];
}

function electionBindings(upstream: Upstream): readonly Binding[] {
  const { Campaign, Proclaim, Leader, Observe, Resign } = services["v3electionpb.Election"];
  return [
    forwardedWait(upstream, Campaign.path),
    ...[Proclaim, Leader, Resign].map(({ path }) => forwarded(upstream, path)),
    forwardedStream(upstream, Observe.path),
  ];
}
