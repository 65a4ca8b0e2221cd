import { GrpcCode } from "../../base/index.js";
import { CallError } from "../services/status.js";

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
/** No timer runs longer. */
const timeoutMsMax = 2 ** 31 - 1;

/**
 * How long the client waits, as its header `Grpc-Timeout` says: a number with H, M, S, m, u or n.
 *
 * @throws CallError when it says something else
 */
export function parseTimeoutMs(header: string | undefined): number | undefined {
  if (header === undefined || header === "") return undefined;
  const [, number = "", unit = ""] = /^([0-9]{1,18})([HMSmun])$/.exec(header) ?? [];
  const unitMs = unitsMs[unit];
  if (unitMs === undefined) throw new CallError(GrpcCode.InvalidArgument, `invalid grpc-timeout: ${header}`);
  return Math.min(Number(number) * unitMs, timeoutMsMax);
}
