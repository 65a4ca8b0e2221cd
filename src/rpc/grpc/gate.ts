import { isUtf8 } from "node:buffer";
import { type ApiLevel, EtcdError, isAtLeast } from "../../base/index.js";
import type { Call, EtcdServer, LeaderView } from "../../server/index.js";
import { RangeRequest, services } from "../../wire/index.js";
import type { Binding } from "./binding.js";

export interface GateView extends Pick<EtcdServer, "clusterVersion" | "isLearner"> {
  readonly leadership: Pick<LeaderView, "hasLeader">;
}

const statusPath = services["etcdserverpb.Maintenance"].Status.path;
const rangePath = services["etcdserverpb.KV"].Range.path;
const snapshotPath = services["etcdserverpb.Maintenance"].Snapshot.path;
const healthService = "/grpc.health.v1.Health/";
/** It reads the member's own state only, as a serializable range does. */
const consoleService = "/etcdts.v1.Console/";

/** Decides whether a call may be served at all. */
export interface Admission {
  /**
   * Checks whether a call may be served, at once or with a promise.
   *
   * @param message the request of a unary call
   * @throws EtcdError (also as a rejection) when the call is refused
   */
  admit(call: Call, binding: Binding, message?: Uint8Array): Promise<void> | void;
}

/** Refuses calls that the member cannot serve in its current state, whatever their arguments. */
export class Gate implements Admission {
  readonly #view: GateView;
  readonly #since36: boolean;

  constructor(view: GateView, level: ApiLevel) {
    this.#view = view;
    this.#since36 = isAtLeast(level, "3.6");
  }

  /**
   * Checks whether a call may be served.
   *
   * @param message the request of a unary call
   * @throws EtcdError `notCapable`, `notSupportedForLearner`, `invalidClientApiVersion`, or `noLeader` for a client
   *   that requires a leader
   */
  admit(call: Call, binding: Binding, message?: Uint8Array): void {
    const since36 = this.#since36;
    if (this.#view.clusterVersion() === undefined) throw new EtcdError(since36 ? "notCapable" : "notCapableAt35");
    if (this.#view.isLearner() && !servedByLearner(binding, message)) {
      throw new EtcdError(since36 ? "notSupportedForLearner" : "notSupportedForLearnerAt35");
    }
    if (since36) checkClientVersion(call);
    if (!this.#view.leadership.hasLeader && call.metadata("hasleader") === "true") throw new EtcdError("noLeader");
  }
}

/** Refuses a client whose name for its own version is no text, since the version becomes a label of a metric. */
function checkClientVersion(call: Call): void {
  const version = call.metadata("client-api-version");
  if (version === undefined || !/[\x80-\xff]/.test(version)) return;
  if (!isUtf8(Buffer.from(version, "latin1"))) throw new EtcdError("invalidClientApiVersion");
}

function servedByLearner({ path }: Binding, message: Uint8Array | undefined): boolean {
  if (path === statusPath || path === snapshotPath) return true;
  if (path.startsWith(healthService) || path.startsWith(consoleService)) return true;
  return path === rangePath && message !== undefined && RangeRequest.decode(message).serializable;
}
