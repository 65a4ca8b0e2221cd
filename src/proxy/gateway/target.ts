import { connect, type Socket } from "node:net";

/** A server that a gateway forwards connections to, as an SRV record describes it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** `host:port`, as log lines show it. */
  readonly address: string;
  /** Servers of the lowest number are used as long as one of them can be reached. */
  readonly priority: number;
  /** The server's share of the connections; 0 where servers are used in turn. */
  readonly weight: number;
}

/** The longest attempt to connect, in ms, so that a machine that drops packets does not keep a client waiting. */
const dialMsMax = 5_000;

/** Splits `host:port` or `[host]:port`; undefined for other texts. */
export function splitHostPort(address: string): { readonly host: string; readonly port: number } | undefined {
  const found = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(address);
  if (found === null || Number(found[3]) > 65_535) return undefined;
  return { host: found[1] ?? found[2] ?? "", port: Number(found[3]) };
}

/** Joins a host and a port to an address. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Connects to a server. @throws the system's error, or one that says that the time is over */
export function dialTarget({ host, port }: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const tooLong = (): void => fail(new Error("the connection attempt timed out"));
    socket.once("error", fail);
    socket.setTimeout(dialMsMax, tooLong);
    socket.once("connect", () => {
      socket.off("error", fail);
      socket.off("timeout", tooLong);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
