import { type ApiLevel, apiVersion } from "../../base/index.js";
import { printLine } from "../../cli/index.js";

/** Prints the release of etcdctl that these commands equal, and its API version. */
export async function version(release: ApiLevel): Promise<void> {
  printLine(`etcdctl version: ${apiVersion(release)}`);
  printLine(`API version: ${release}`);
}
