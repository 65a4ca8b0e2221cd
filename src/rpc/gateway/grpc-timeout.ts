import { GrpcCode } from "../../base/index.js";
import { CallError } from "../services/status.js";

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
/** The longest time that a timer of Node can wait. */
const timeoutMsMax = 2 ** 31 - 1;

/**
 * Parses the header `Grpc-Timeout`: a number with the unit H, M, S, m, u or n.
 *
 * @throws CallError when it has another form
 */
export function parseTimeoutMs(header: string | undefined): number | undefined {
  if (header === undefined || header === "") return undefined;
  const [, number = "", unit = ""] = /^([0-9]{1,18})([HMSmun])$/.exec(header) ?? [];
  const unitMs = unitsMs[unit];
  if (unitMs === undefined) throw new CallError(GrpcCode.InvalidArgument, `invalid grpc-timeout: ${header}`);
  return Math.min(Number(number) * unitMs, timeoutMsMax);
}
