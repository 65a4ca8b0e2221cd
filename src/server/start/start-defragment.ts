import type { Backend } from "../../backend/index.js";
import { errorText, type Logger } from "../../base/index.js";

/**
 * Defragments the database of a member that starts, when that frees enough.
 *
 * @param thresholdBytes the least bytes to free; 0 means never
 * @throws Error when the database could not be defragmented
 */
export async function defragmentAtStart(
  backend: Pick<Backend, "size" | "sizeInUse" | "defragment">,
  thresholdBytes: number,
  logger: Logger,
): Promise<void> {
  if (thresholdBytes === 0) return;
  const sizes = { "current-db-size-bytes": backend.size(), "current-db-size-in-use-bytes": backend.sizeInUse() };
  if (backend.size() - backend.sizeInUse() < thresholdBytes) {
    logger.info("Skipping defragmentation", { ...sizes, "bootstrap-defrag-threshold-bytes": thresholdBytes });
    return;
  }
  logger.info("starting defragment", sizes);
  try {
    await backend.defragment();
  } catch (error) {
    throw new Error(`cannot defragment the database: ${errorText(error)}`);
  }
  logger.info("finished defragment", { "current-db-size-bytes": backend.size() });
}
