import { runProcess } from "../cli/index.js";
import { run } from "./run.js";

/** Runs a command line of etcdutl, then exits with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  await runProcess(argv, (words) => run(words, process));
}
