import { unlinkSync } from "node:fs";
import type { Server } from "node:net";
import type { Listen } from "./settings.js";
import { StartError } from "./start-error.js";

/**
 * Opens a listening socket.
 *
 * @returns the port, which was chosen if the URL left that open; 0 for a socket file
 * @throws StartError when the address cannot be had
 */
export function openListener(server: Server, { url, address }: Listen): Promise<number> {
  if (address.kind === "socket") removeLeftOver(address.path);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new StartError(`cannot listen on ${url}: ${reasonOf(error)}`));
    });
    const opened = (): void => {
      const bound = server.address();
      resolve(bound !== null && typeof bound === "object" ? bound.port : 0);
    };
    if (address.kind === "socket") server.listen(address.path, opened);
    else server.listen(address.port, address.host, opened);
  });
}

/** A socket file outlives a process that was killed; whoever still listens on it keeps what it has accepted. */
function removeLeftOver(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw new StartError(String(error));
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE":
      return "the address is already in use";
    case "EADDRNOTAVAIL":
      return "this machine does not have the address";
    case "EACCES":
      return "permission denied";
    default:
      return message;
  }
}
