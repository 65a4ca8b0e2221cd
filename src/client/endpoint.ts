/** An endpoint as grpc-js needs it. */
export interface Target {
  /** Endpoint as it was given. */
  readonly endpoint: string;
  readonly address: string;
  /**
   * `required` for an https scheme, `never` for http and plain sockets, `configured` when the endpoint has no scheme:
   * then the client's options decide.
   */
  readonly tls: "required" | "never" | "configured";
}

/** Address for an endpoint without a host: dialling it always fails, as in Go's client. */
const nowhere = "ipv4:0.0.0.0:0";

/** Parses `host:port`, a URL or `unix:path`; in a URL, a user before the host and a path after the port are ignored. */
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
