import type { AlarmStore } from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import {
  type ApiLevel,
  apiVersion,
  type Clock,
  type ErrorKind,
  EtcdError,
  errorText,
  isAtLeast,
  type Logger,
  Semaphore,
} from "../../base/index.js";
import { type Cluster, loadStorageVersion } from "../../cluster/index.js";
import type { Store } from "../../mvcc/index.js";
import {
  AlarmAction,
  type AlarmMember,
  AlarmRequest,
  type AlarmResponse,
  AlarmType,
  DefragmentResponse,
  HashKVResponse,
  HashResponse,
  type MoveLeaderRequest,
  MoveLeaderResponse,
  StatusResponse,
} from "../../wire/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import type { Headers } from "../calls/headers.js";
import type { Serving } from "../calls/serving.js";
import type { ServerCounters } from "../counters.js";
import type { LeaderTransfer } from "../log/leader-transfer.js";
import type { Leadership } from "../log/leadership.js";
import type { LogPosition } from "../log/log-position.js";
import { type Proposer, responseOf } from "../log/proposer.js";
import { type DatabaseSnapshot, DatabaseSnapshots } from "../snapshots/database-snapshot.js";
import type { Databases } from "../snapshots/databases.js";

/** The most snapshots that are sent to clients at once. */
const clientSnapshotsMax = 8;
/** Hashes that are computed at a time; further ones wait. */
const hashesMax = 2;

export interface MaintenanceServiceConfig {
  readonly level: ApiLevel;
  /** The quota as Status reports it: in bytes, negative for no limit. */
  readonly reportedQuotaBytes: number;
  readonly backend: Backend;
  readonly databases: Pick<Databases, "copy">;
  readonly store: Store;
  readonly cluster: Cluster;
  readonly access: Access;
  readonly alarms: AlarmStore;
  readonly proposer: Proposer;
  readonly leadership: Leadership;
  readonly transfer: LeaderTransfer;
  readonly position: LogPosition;
  readonly headers: Headers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly serving: Serving;
  /** Whether the feature StopGRPCServiceOnDefrag is on: a member that defragments does not count as serving. */
  readonly pausesOnDefragment: boolean;
}

/** The requests of operators: status, alarms, hashes, snapshots, defragmentation and leadership. */
export class MaintenanceService {
  readonly #config: MaintenanceServiceConfig;
  readonly #snapshots: DatabaseSnapshots;
  readonly #hashing = new Semaphore(hashesMax);

  constructor(config: MaintenanceServiceConfig) {
    this.#config = config;
    this.#snapshots = new DatabaseSnapshots(config.backend, config.clock, config.counters, clientSnapshotsMax);
  }

  async status(call: Call): Promise<StatusResponse> {
    const { level, alarms, backend, cluster, access, leadership, position, headers } = this.#config;
    if (this.#since36) await access.requireUser(call);
    else await access.requireAdmin(call);
    const noLeader = leadership.hasLeader ? [] : [new EtcdError("noLeader").message];
    return StatusResponse.create({
      header: headers.at(),
      version: apiVersion(level),
      dbSize: backend.size(),
      leader: leadership.lead,
      raftIndex: position.committed,
      raftTerm: position.term,
      raftAppliedIndex: position.applied,
      errors: [...noLeader, ...alarms.get(AlarmType.NONE).map(alarmText)],
      dbSizeInUse: backend.sizeInUse(),
      isLearner: cluster.localIsLearner,
      ...(this.#since36 && this.#statusSince36()),
    });
  }

  /** The storage version of the database, for answers; undefined while it is not known, and before 3.6. */
  get storageVersion(): string | undefined {
    return this.#since36 ? loadStorageVersion(this.#config.backend) : undefined;
  }

  get #since36(): boolean {
    return isAtLeast(this.#config.level, "3.6");
  }

  #statusSince36(): Partial<StatusResponse> {
    const { cluster, reportedQuotaBytes } = this.#config;
    return {
      storageVersion: this.storageVersion ?? "",
      dbSizeQuota: reportedQuotaBytes,
      downgradeInfo: { ...cluster.downgrade },
    };
  }

  /** Lists, raises or disarms alarms through the log, so that all members have the same alarms. */
  async alarm(request: AlarmRequest, call: Call): Promise<AlarmResponse> {
    const { proposer, access, headers } = this.#config;
    if (request.action === AlarmAction.GET) await access.requireUser(call);
    else await access.requireAdmin(call);
    const response = responseOf(await proposer.propose({ alarm: request }, call), "alarm");
    return { ...response, header: headers.at() };
  }

  /**
   * Raises the CORRUPT alarm as the leader of `term`, because the data of some members differ. Which of them is corrupt
   * is not known.
   */
  async raiseCorrupt(term: number): Promise<void> {
    const alarm = AlarmRequest.create({ action: AlarmAction.ACTIVATE, alarm: AlarmType.CORRUPT });
    await this.#config.proposer.proposeInTerm(term, { alarm });
  }

  async defragment(call: Call): Promise<DefragmentResponse> {
    const { backend, logger, serving, pausesOnDefragment } = this.#config;
    await this.#requireAdmin(call);
    logger.info("starting defragment");
    const work = (): Promise<void> => backend.defragment();
    try {
      await (pausesOnDefragment ? serving.pause("defrag is active", work) : work());
    } catch (error) {
      logger.warn("failed to defragment", { error: errorText(error) });
      throw error;
    }
    logger.info("finished defragment");
    return DefragmentResponse.create();
  }

  /**
   * A snapshot of this member's database at some moment during the call.
   *
   * @throws EtcdError `tooManyRequests` when `clientSnapshotsMax` snapshots are being sent
   */
  async snapshot(call: Call): Promise<DatabaseSnapshot> {
    const { logger } = this.#config;
    await this.#requireAdmin(call);
    const snapshot = await this.takeSnapshot(call.signal, call.client);
    logger.info("sending database snapshot to client", { "total-bytes": snapshot.bytes });
    return snapshot;
  }

  /**
   * Like `snapshot`, for the program that the member runs in: nobody's permissions are checked.
   *
   * @param signal ends the snapshot at its next step
   */
  async takeSnapshot(signal: AbortSignal, client?: object): Promise<DatabaseSnapshot> {
    // Commit first: changes that are on disk do not have to stay in memory until the client has the snapshot.
    const { backend, databases } = this.#config;
    await backend.commit();
    return await this.#snapshots.takeCopied(() => databases.copy(backend, () => undefined), signal, client);
  }

  /** Transfers the leadership. @throws EtcdError `notLeader`, `badLeaderTransferee`, `timeout` */
  async moveLeader({ targetId }: MoveLeaderRequest, call: Call): Promise<MoveLeaderResponse> {
    const { access, transfer } = this.#config;
    await access.requireAdmin(call);
    await transfer.moveTo(targetId);
    return MoveLeaderResponse.create();
  }

  /** The hash of this member's whole database. */
  async hash(call: Call): Promise<HashResponse> {
    const { backend, store, headers } = this.#config;
    await this.#requireAdmin(call);
    return await this.#hashOne(call, async () => {
      const { revision } = store;
      const hash = await backend.hash(call.client);
      return HashResponse.create({ header: headers.at(revision), hash });
    });
  }

  /**
   * The hash of the keys' history up to a revision. Members with the same data have the same hash.
   *
   * @param revision 0 for the current one
   * @throws EtcdError `futureRevision` or `compacted`
   */
  async hashKv(revision: number, call: Call): Promise<HashKVResponse> {
    const { store, headers } = this.#config;
    await this.#requireAdmin(call);
    return await this.#hashOne(call, async () => {
      const { hash, compactRevision, currentRevision } = await store.hashKv(revision, call.client);
      const hashRevision = this.#since36 ? revision || currentRevision : 0;
      return HashKVResponse.create({ header: headers.at(currentRevision), hash, compactRevision, hashRevision });
    });
  }

  /** Requires root for methods that etcd refused with errors of their own before 3.6. */
  async #requireAdmin(call: Call): Promise<void> {
    const check = this.#config.access.requireAdmin(call);
    await (this.#since36 ? check : inOwnWords(check));
  }

  /** A hash reads everything that is stored, so that few are computed at a time. */
  async #hashOne<Result>(call: Call, compute: () => Promise<Result>): Promise<Result> {
    if (!(await this.#hashing.enter(call))) throw new EtcdError("canceled");
    try {
      return await compute();
    } finally {
      this.#hashing.leave();
    }
  }
}

const ownWords: Partial<Record<ErrorKind, ErrorKind>> = {
  userEmpty: "rawUserEmpty",
  userNotFound: "rawUserNotFound",
  permissionDenied: "rawPermissionDenied",
  invalidAuthToken: "rawInvalidAuthToken",
};

/** Converts the refusal of a check to one without a code, which some methods of etcd return. */
async function inOwnWords(check: Promise<void>): Promise<void> {
  try {
    await check;
  } catch (error) {
    const kind = error instanceof EtcdError ? ownWords[error.kind] : undefined;
    throw kind === undefined ? error : new EtcdError(kind);
  }
}

const alarmNames = new Map<number, string>(Object.entries(AlarmType).map(([name, value]) => [value, name]));

/** The text of an alarm as Go prints the message. Tools look for it. */
function alarmText({ memberId, alarm }: AlarmMember): string {
  const member = memberId === 0n ? "" : `memberID:${memberId} `;
  return alarm === AlarmType.NONE ? member : `${member}alarm:${alarmNames.get(alarm) ?? alarm} `;
}
