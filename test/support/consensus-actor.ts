import type { Clock, Random } from "../../src/base/index.js";
import { CoreHost } from "../../src/server/consensus/core-host.js";
import { LogCounters } from "../../src/server/consensus/log-counters.js";
import { type OwnLogSurroundings, openOwnLog } from "../../src/server/consensus/open-own-log.js";
import { openRemotely } from "../../src/server/consensus/remote-core.js";
import type { ServerDeps } from "../../src/server/server-deps.js";
import { type DeliverLater, loopPorts } from "../../src/threads/index.js";

/** Whether the tests of servers run consensus as an actor of its own: `npm run test:actors`. */
export const actorsWanted = process.env.CONSENSUS === "actor";

/** The longest delay of a message between two actors, in ms, and that of one in fifty, whose actor is busy. */
const delayMs = 2;
const busyMs = 150;

/** Delays messages between actors as the seed says. Those of one direction stay in order. */
export function delayed(random: Random, clock: Clock): DeliverLater {
  return (deliver) => {
    clock.after(random.int(50) === 0 ? random.int(busyMs) : random.int(delayMs * 100) / 100, deliver);
  };
}

/** Opens consensus as an actor of its own: it and the keys share nothing but messages. */
export function consensusActor(
  surroundings: Omit<OwnLogSurroundings, "counters">,
  later?: DeliverLater,
): NonNullable<ServerDeps["openConsensus"]> {
  const { clock } = surroundings;
  return (place, counters) => {
    const [here, there] = loopPorts(later);
    const own = new LogCounters();
    new CoreHost({
      ...{ port: there, clock, counters: own },
      open: (passed) => openOwnLog(passed, { ...surroundings, counters: own }),
    });
    return openRemotely({ port: here, clock, counters }, place);
  };
}
