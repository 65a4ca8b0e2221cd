import type { Clock, Logger } from "../base/index.js";
import type { BackendCounters } from "./counters.js";
import type { DiskError } from "./disk-error.js";
import type { LevelStore } from "./level-store.js";
import type { SideFiles } from "./side-files.js";

export interface BackendOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when a batch could not be written or data could not be read: the member has to stop. */
  readonly onFailure: (error: DiskError) => void;
  /** Skips the sync of batches: a machine crash may lose committed changes. Default false. */
  readonly unsafeNoSync?: boolean;
  /** Counters to go on with, for a backend that replaces another one; new ones by default. */
  readonly counters?: BackendCounters;
  /** How long a change may wait for its batch; 100 ms by default. */
  readonly batchIntervalMs?: number;
  /** How many changes may wait for their batch; 10,000 by default. */
  readonly batchLimit?: number;
  /** Called for a damaged log instead of a refusal, for tools that read. LevelDB leaves out what it cannot read. */
  readonly onDamage?: (damage: DiskError) => void;
  /** Files beside the database; none by default. */
  readonly sideFiles?: SideFiles;
  /** A directory for a copy of the database, as in `Backend`; there is none by default. */
  readonly copyPlace?: () => string;
  /** Opens the LevelDB directory; tests pass a store whose disk fails. */
  readonly openStore?: (dir: string) => Promise<LevelStore>;
}
