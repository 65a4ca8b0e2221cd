import { type ApiLevel, type Clock, isAtLeast, type Random } from "../../base/index.js";
import type { EtcdServer } from "../../server/index.js";
import { services } from "../../wire/index.js";
import { type Binding, goingFirst, session } from "../grpc/binding.js";
import type { Admission } from "../grpc/gate.js";
import type { Pages } from "../http/pages.js";
import { authBindings } from "./auth.js";
import { clusterBindings } from "./cluster.js";
import { consoleBindings } from "./console.js";
import { loggingChanges } from "./console-changes.js";
import { electionBindings } from "./election.js";
import { healthBindings } from "./health.js";
import { kvBindings } from "./kv.js";
import { LeaderGuard } from "./leader-guard.js";
import { leaseBindings } from "./lease.js";
import { LocalClient } from "./local-client.js";
import { lockBindings } from "./lock.js";
import { maintenanceBindings } from "./maintenance.js";
import { reflectionBindings } from "./reflection.js";
import { watchSessions } from "./watch.js";

/** After this many election timeouts without a leader, streams that require a leader are ended. */
const leaderlessTimeouts = 3;

/** The services for a member's clients, wherever its state is. */
export interface ClientServices {
  /** All methods of gRPC and of the gateway. */
  readonly bindings: readonly Binding[];
  readonly gate: Admission;
  /** The plain endpoints that show the state of the member. */
  readonly pages: Pages;
  /** Whether a client certificate's common name means a user at the moment. */
  namesUsers(): boolean;
}

/** All gRPC methods of a member. */
export function clientBindings(server: EtcdServer, clock: Clock, random: Random): readonly Binding[] {
  const { tickMs, electionTicks } = server.config;
  const guard = new LeaderGuard(server.leadership, clock, leaderlessTimeouts * tickMs * electionTicks);
  const watchServer = {
    watchable: server.watchable,
    memory: server.memory,
    config: server.config,
    judge: server.watchJudge,
    header: (revision: number) => ({ ...server.headers.at(), revision }),
  };
  const localClient = new LocalClient(server);
  const bound = [
    ...kvBindings(server, server.config.maxTxnOps).filter((binding) => isKnownAt(server.config.apiLevel, binding)),
    session(services["etcdserverpb.Watch"].Watch, watchSessions(watchServer, guard, clock, random)),
    ...leaseBindings(server, guard, clock).map(goingFirst),
    ...clusterBindings(server),
    ...maintenanceBindings(server),
    ...lockBindings(localClient, clock),
    ...electionBindings(localClient, guard, clock).map(goingFirst),
    ...authBindings(server),
    ...healthBindings(server.serving).map(goingFirst),
    ...consoleBindings(server),
  ];
  return [...loggingChanges(bound, server), ...reflectionBindings(bound)];
}

/** Whether the release of a level has the method. To clients of an older one, it is an unknown method. */
function isKnownAt(level: ApiLevel, { path }: Binding): boolean {
  return path !== services["etcdserverpb.KV"].RangeStream.path || isAtLeast(level, "3.7");
}
