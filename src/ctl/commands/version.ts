import { apiVersion, clusterVersion } from "../../base/index.js";
import { printLine } from "../output.js";

/** The release of etcdctl that these commands equal, and the API it speaks. */
export async function version(): Promise<void> {
  printLine(`etcdctl version: ${apiVersion}`);
  printLine(`API version: ${clusterVersion.replace(/\.\d+$/, "")}`);
}
