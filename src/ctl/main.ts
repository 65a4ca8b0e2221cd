import { argumentBytes } from "./arguments.js";
import { ExitCode } from "./failure.js";
import { bytesOf } from "./go-text.js";
import { complain, printed } from "./output.js";
import { run } from "./run.js";

/** Runs a command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // When the reader of our output closes the pipe, the command ends at once: nobody wants the rest.
  process.stdout.on("error", () => process.exit(ExitCode.Error));
  // grpc-js gives an address as a server's name, which Node warns of; nobody at a shell can do anything about it.
  process.noDeprecation = true;
  const code = refuseApi(process.env.ETCDCTL_API) ?? (await run(argumentBytes(argv), process));
  await printed();
  process.exit(code);
}

/** There is one version of the API here: for a script that wants another one, no answer is better than a wrong one. */
function refuseApi(version = ""): number | undefined {
  if (version === "" || version === "3") return undefined;
  complain(bytesOf(`unsupported API version: ${version}`));
  return ExitCode.Error;
}
