import { apiVersion, newestApiLevel } from "../../base/index.js";
import { printLine } from "../../cli/index.js";

/** Prints the release of etcdutl that these commands equal, and its API version. */
export async function version(): Promise<void> {
  printLine(`etcdutl version: ${apiVersion(newestApiLevel)}`);
  printLine(`API version: ${newestApiLevel}`);
}
