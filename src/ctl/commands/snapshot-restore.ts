import { badArgs, complain } from "../../cli/index.js";
import type { Context } from "../context.js";

/** Creates a data directory for this package's server. It alone of these commands loads the server's code. */
export async function restore(context: Context): Promise<void> {
  complain("Deprecated: Use `etcdutl snapshot restore` instead.\n");
  const { flags, args } = context;
  if (args.length === 1 && flags.number("initial-memory-map-size") > 0) {
    throw badArgs("--initial-memory-map-size is not supported: files are not mapped here; leave it out, or 0");
  }
  const { restoreSnapshot } = await import("../../utl/index.js");
  await restoreSnapshot(flags, args);
}
