import { argumentBytes } from "./arguments.js";
import { ExitCode } from "./failure.js";
import { printed } from "./output.js";
import { run } from "./run.js";

/** Runs a command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // Whoever reads our output may stop to: then nobody waits for the rest.
  process.stdout.on("error", () => process.exit(ExitCode.Error));
  // grpc-js gives an address as a server's name, which Node warns of; nobody at a shell can do anything about it.
  process.noDeprecation = true;
  const code = await run(argumentBytes(argv), process);
  await printed();
  process.exit(code);
}
