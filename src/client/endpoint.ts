/** An endpoint as grpc-js dials it. */
export interface Target {
  /** As it was given. */
  readonly endpoint: string;
  readonly address: string;
  /**
   * `required` by an https scheme, `never` with http and plain sockets, as `configured` when the endpoint does not
   * say.
   */
  readonly tls: "required" | "never" | "configured";
}

/** Where nobody listens: an endpoint without a host is dialled in vain, as by Go's client. */
const nowhere = "ipv4:0.0.0.0:0";

/** Reads `host:port`, a URL or `unix:path`; what stands before the host or behind the port in a URL means nothing. */
export function targetOf(endpoint: string): Target {
  const [, given = "", rest = ""] = /^(https?|unixs?):(?:\/\/)?(.*)$/is.exec(endpoint) ?? [];
  const scheme = given.toLowerCase();
  switch (scheme) {
    case "http":
    case "https": {
      const authority = rest.replace(/[/?#].*$/s, "");
      const address = authority.slice(authority.lastIndexOf("@") + 1) || nowhere;
      return { endpoint, address, tls: scheme === "https" ? "required" : "never" };
    }
    case "unix":
    case "unixs":
      return { endpoint, address: `unix:${rest}`, tls: scheme === "unixs" ? "required" : "never" };
    default:
      return { endpoint, address: endpoint || nowhere, tls: "configured" };
  }
}
