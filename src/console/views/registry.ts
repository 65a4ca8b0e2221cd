import { clusterView } from "./cluster/cluster-view.js";
import { keysView } from "./keys/keys-view.js";
import { leasesView } from "./leases/leases-view.js";
import { liveView } from "./live/live-view.js";
import { locksView } from "./locks/locks-view.js";
import { usersView } from "./users/users-view.js";
import type { View } from "./view.js";

/** All views, in the order of the navigation. The first is shown at the start. */
export const views: readonly View[] = [clusterView, keysView, liveView, leasesView, locksView, usersView];
