import type { PageAccess } from "../rpc/index.js";
import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";
import type { Address } from "./urls.js";

/** Where the console is served, and what it offers. */
export interface ConsoleSettings {
  /** The ports for clients that serve it, beside those of `--listen-console-urls`. */
  readonly at: "loopback" | "everywhere" | "nowhere";
  /** Whether the page offers changes. The API itself is the same. */
  readonly writes: boolean;
  /** Which pages may make changes at ports that serve the console. */
  readonly access: PageAccess;
}

/** Reads the settings of the console. @throws FlagError when it could not work with them */
export function consoleSettings(flags: FlagValues): ConsoleSettings {
  const given = flags.given("enable-console");
  const gateway = flags.boolean("enable-grpc-gateway");
  const own = flags.urls("listen-console-urls").length > 0;
  const at = given ? (flags.boolean("enable-console") ? "everywhere" : "nowhere") : gateway ? "loopback" : "nowhere";
  if (!gateway && (own || at !== "nowhere")) {
    const flag = own ? "listen-console-urls" : "enable-console";
    throw new FlagError(`--${flag} needs --enable-grpc-gateway, since the console calls the gateway`);
  }
  const writes = flags.boolean("console-writes");
  if (writes && at === "nowhere" && !own) throw new FlagError("--console-writes has no use without the console");
  return { at, writes, access: pageAccess(flags) };
}

/** Whether a port for clients serves the console. */
export function servesConsole({ at }: ConsoleSettings, address: Address): boolean {
  return at === "everywhere" || (at === "loopback" && isLoopback(address));
}

function isLoopback(address: Address): boolean {
  if (address.kind === "socket") return false;
  return address.host === "localhost" || address.host === "::1" || address.host.startsWith("127.");
}

/** The defaults of `--cors` and `--host-whitelist` allow all, so only what was given counts. */
function pageAccess(flags: FlagValues): PageAccess {
  const all = (name: "cors" | "host-whitelist"): readonly string[] => {
    const named = flags.given(name) ? flags.list(name) : [];
    return flags.given(name) && named.length === 0 ? ["*"] : named;
  };
  const advertised = flags.urls("advertise-client-urls").filter((url) => url.startsWith("http"));
  const hosts = [...all("host-whitelist"), ...advertised.map((url) => new URL(url).hostname)];
  return { origins: new Set(all("cors")), hosts: new Set(hosts.map((host) => host.toLowerCase())) };
}
