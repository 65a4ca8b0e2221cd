/** Where the connections to a peer URL go. */
export type PeerAddress = {
  /** Whether the peer speaks TLS there. */
  readonly secure: boolean;
  /** Name or address of the peer, without brackets: what its certificate must be for. */
  readonly host: string;
} & (
  | { readonly kind: "tcp"; readonly port: number }
  /** A socket file; a path that does not begin with a slash starts at the working directory, as in etcd. */
  | { readonly kind: "socket"; readonly socketPath: string }
);

/**
 * Reads a peer URL. `unix://localhost:20001` is the socket file `localhost:20001`, and `unixs://` the same with TLS.
 *
 * @returns undefined when no connection can be opened to it
 */
export function peerAddress(text: string): PeerAddress | undefined {
  const [, scheme = "", path = ""] = /^(unixs?):\/\/(.+)$/s.exec(text) ?? [];
  if (path !== "") {
    const [, host = ""] = /^([^:/]*)(?::\d*)?$/.exec(path) ?? [];
    return { kind: "socket", secure: scheme === "unixs", host: host === "" ? "localhost" : host, socketPath: path };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    return undefined;
  }
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return { kind: "tcp", secure, host: url.hostname.replace(/^\[|\]$/g, ""), port };
}
