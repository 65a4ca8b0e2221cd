import { type Bytes, bytesOf, ExitCode } from "../../cli/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";

/**
 * The endpoints that a command asks one by one: those of `--endpoints`, or with `--cluster` those of all members.
 *
 * @throws Failure when the list of members cannot be read
 */
export async function endpointsOf(context: Context): Promise<readonly Bytes[]> {
  context.settle();
  if (!context.flags.bool("cluster")) return context.endpoints();
  const client = await context.connect();
  const wrap = (reason: string): string => `failed to fetch endpoints from etcd cluster member list: ${reason}`;
  const { members } = await orFail(client.members(context.call), ExitCode.Error, wrap);
  return members.flatMap(({ clientUrls }) => clientUrls.map(bytesOf));
}
