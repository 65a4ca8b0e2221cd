import { argumentBytes } from "./arguments.js";
import { ExitCode } from "./failure.js";
import { bytesOf } from "./go-text.js";
import { complain, printed } from "./output.js";
import { run } from "./run.js";

/** Runs a command line, then exits with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // When the reader of the output closes its pipe, the command exits at once, since the rest would be lost.
  process.stdout.on("error", () => process.exit(ExitCode.Error));
  const code = refuseApi(process.env.ETCDCTL_API) ?? (await run(argumentBytes(argv), process));
  await printed();
  process.exit(code);
}

/** Refuses `ETCDCTL_API` other than 3, since a script written for API version 2 would misread the answers. */
function refuseApi(version = ""): number | undefined {
  if (version === "" || version === "3") return undefined;
  complain(bytesOf(`unsupported API version: ${version}`));
  return ExitCode.Error;
}
