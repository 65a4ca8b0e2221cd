import { assert, type Clock, type Logger, type Random } from "../../base/index.js";
import type { MemberDisk } from "../disk/member-disk.js";
import type { ConsensusPlace } from "../server-deps.js";
import type { OpenedConsensus } from "./contract.js";
import { openLocally } from "./local-core.js";
import type { LogCounters } from "./log-counters.js";
import type { PeerAccess } from "./peer-network.js";

export interface OwnLogSurroundings {
  /** The disk of the member, whose log no other event loop has opened. */
  readonly disk: MemberDisk;
  /** Connects the member with its peers; undefined for a member that has none. */
  readonly connect: PeerAccess["connect"] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: LogCounters;
}

/** Opens consensus, with its log, on an event loop on which the keys are not. */
export async function openOwnLog(place: ConsensusPlace, surroundings: OwnLogSurroundings): Promise<OpenedConsensus> {
  const { disk, counters } = surroundings;
  const log = await disk.openLog();
  assert(log !== undefined, "the log of a member exists before its consensus is opened");
  return openLocally({ ...place, ...surroundings, log, received: disk.received(counters) });
}
