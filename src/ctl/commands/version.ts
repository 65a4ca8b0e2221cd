import { apiVersion, defaultApiLevel } from "../../base/index.js";
import { printLine } from "../../cli/index.js";

/** Prints the release of etcdctl that these commands equal, and its API version. */
export async function version(): Promise<void> {
  printLine(`etcdctl version: ${apiVersion(defaultApiLevel)}`);
  printLine(`API version: ${defaultApiLevel}`);
}
