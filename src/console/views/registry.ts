import { clusterView } from "./cluster/cluster-view.js";
import { keysView } from "./keys/keys-view.js";
import type { View } from "./view.js";

/** All views, in the order of the navigation. The first is shown at the start. */
export const views: readonly View[] = [clusterView, keysView];
