/** The address to connect to for a peer URL. */
export type PeerAddress = {
  /** Whether the connection uses TLS. */
  readonly secure: boolean;
  /** Host name or IP address of the peer, without brackets; its certificate must be valid for it. */
  readonly host: string;
} & (
  | { readonly kind: "tcp"; readonly port: number }
  /** Path of a socket file. A path without a leading slash is relative to the working directory, as in etcd. */
  | { readonly kind: "socket"; readonly socketPath: string }
);

/**
 * Parses a peer URL. `unix://localhost:20001` is the socket file `localhost:20001`, and `unixs://` the same with TLS.
 */
export function peerAddress(text: string): PeerAddress | undefined {
  const [, scheme = "", path = ""] = /^(unixs?):(?!\/\/$)(?:\/\/)?(.+)$/s.exec(text) ?? [];
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
