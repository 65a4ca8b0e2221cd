import { Readable } from "node:stream";
import { bytesOf } from "../../src/cli/index.js";
import { run } from "../../src/utl/index.js";
import type { Outcome } from "./etcdctl.js";

/** Runs our etcdutl in this process, which saves the start of a process. Commands run one at a time. */
export async function etcdutlHere(...args: readonly string[]): Promise<Outcome> {
  const printed = { stdout: "", stderr: "" };
  const streamTo = (name: keyof typeof printed) => ({
    write(bytes: Uint8Array | string, done?: () => void) {
      printed[name] += Buffer.from(bytes).toString("utf8");
      done?.();
    },
  });
  const code = await run(args.map(bytesOf), {
    stdin: Readable.from([]),
    stdout: streamTo("stdout"),
    stderr: streamTo("stderr"),
    env: {},
  });
  return { ...printed, code };
}
