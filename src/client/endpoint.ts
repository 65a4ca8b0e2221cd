import type { IpcNetConnectOpts, TcpNetConnectOpts } from "node:net";

/** Where and how to dial an endpoint. */
export interface Target {
  /** Endpoint as it was given. */
  readonly endpoint: string;
  /** Address to connect to; undefined for an endpoint without a host or a port, which nobody can dial. */
  readonly place: TcpNetConnectOpts | IpcNetConnectOpts | undefined;
  /** Host that the server's certificate must name. */
  readonly host: string;
  /** The `:authority` of requests. */
  readonly authority: string;
  /**
   * `required` for an https scheme, `never` for http and plain sockets, `configured` when the endpoint has no scheme:
   * then the client's options decide.
   */
  readonly tls: "required" | "never" | "configured";
}

/** Parses `host:port`, a URL or `unix:path`; in a URL, a user before the host and a path after the port are ignored. */
export function targetOf(endpoint: string): Target {
  const [, given = "", rest = ""] = /^(https?|unixs?):(?:\/\/)?(.*)$/is.exec(endpoint) ?? [];
  const scheme = given.toLowerCase();
  switch (scheme) {
    case "http":
    case "https": {
      const authority = rest.replace(/[/?#].*$/s, "");
      const address = authority.slice(authority.lastIndexOf("@") + 1);
      return { endpoint, ...tcp(address), tls: scheme === "https" ? "required" : "never" };
    }
    case "unix":
    case "unixs":
      return {
        endpoint,
        place: { path: rest },
        host: "localhost",
        authority: "localhost",
        tls: scheme === "unixs" ? "required" : "never",
      };
    default:
      return { endpoint, ...tcp(endpoint), tls: "configured" };
  }
}

function tcp(address: string): Pick<Target, "place" | "host" | "authority"> {
  const [, bracketed, plain = "", port = ""] = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const dialled = host !== "" && Number(port) <= 65_535;
  return { place: dialled ? { host, port: Number(port) } : undefined, host, authority: address };
}
