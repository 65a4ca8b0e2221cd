import { bytesOf, complain, ExitCode, runProcess } from "../cli/index.js";
import { run } from "./run.js";

/** Runs a command line, then exits with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  await runProcess(argv, async (words) => refuseApi(process.env.ETCDCTL_API) ?? (await run(words, process)));
}

/** Refuses `ETCDCTL_API` other than 3, since a script written for API version 2 would misread the answers. */
function refuseApi(version = ""): number | undefined {
  if (version === "" || version === "3") return undefined;
  complain(bytesOf(`unsupported API version: ${version}`));
  return ExitCode.Error;
}
