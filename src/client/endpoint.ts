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

/** Reads `host:port`, a URL or `unix:path`; a path after the port means nothing. */
export function targetOf(endpoint: string): Target {
  const [, scheme, rest = ""] = /^(https?|unixs?):(?:\/\/)?(.*)$/s.exec(endpoint) ?? [];
  switch (scheme) {
    case "http":
    case "https":
      return { endpoint, address: rest.replace(/\/.*$/s, ""), tls: scheme === "https" ? "required" : "never" };
    case "unix":
    case "unixs":
      return { endpoint, address: `unix:${rest}`, tls: scheme === "unixs" ? "required" : "never" };
    default:
      return { endpoint, address: endpoint, tls: "configured" };
  }
}
