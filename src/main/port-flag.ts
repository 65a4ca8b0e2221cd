import { setFlag } from "./command-line.js";
import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";

/**
 * Sets the flags that `--port` stands for: the address for clients on this machine. A member in memory that is alone
 * needs no port for other members.
 *
 * @throws FlagError when an address for clients is given, too, or the port is none
 */
export function applyPort(values: FlagValues): void {
  if (!values.given("port")) return;
  for (const flag of ["listen-client-urls", "advertise-client-urls"] as const) {
    if (values.given(flag)) throw new FlagError(`--port and --${flag} are both given; give one of them`);
    setFlag(values, flag, `http://127.0.0.1:${values.text("port")}`, "flag -port");
  }
  const alone = values.boolean("memory") && !values.given("listen-peer-urls") && !values.given("initial-cluster");
  if (alone) values.set("listen-peer-urls", "", "flag -port");
}
