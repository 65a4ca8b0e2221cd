import { Readable } from "node:stream";
import { bytesOf, type Surroundings } from "../../src/cli/index.js";
import { run } from "../../src/ctl/run.js";
import { environmentOf, type Outcome, type RunOptions } from "./etcdctl.js";

/**
 * Runs our etcdctl in this process, which saves the start of a process. The command must end by itself and start no
 * other program. Commands run one at a time: a further one waits.
 */
export function etcdctlHere(
  endpoint: string,
  args: readonly string[],
  options: Parameters<typeof runNow>[2] = {},
): Promise<Outcome> {
  const outcome = before.then(() => runNow(endpoint, args, options));
  before = outcome.catch(() => undefined);
  return outcome;
}

let before: Promise<unknown> = Promise.resolve();

async function runNow(
  endpoint: string,
  args: readonly string[],
  options: Pick<RunOptions, "stdin" | "env"> & Pick<Surroundings, "resolveSrv">,
): Promise<Outcome> {
  const printed = { stdout: "", stderr: "" };
  const streamTo = (name: keyof typeof printed) => ({
    write(bytes: Uint8Array | string, done?: () => void) {
      printed[name] += Buffer.from(bytes).toString("latin1");
      done?.();
    },
  });
  const code = await run(["--endpoints", endpoint, ...args].map(bytesOf), {
    stdin: Readable.from([Buffer.from(options.stdin ?? "")]),
    stdout: streamTo("stdout"),
    stderr: streamTo("stderr"),
    env: environmentOf(options),
    ...(options.resolveSrv === undefined ? {} : { resolveSrv: options.resolveSrv }),
  });
  return { ...printed, code };
}
