/** Opens a websocket for a call of the JSON gateway. @throws SyntaxError if the token cannot be sent on a websocket */
export function openSocket(path: string, token: string | undefined): WebSocket {
  const url = new URL(`/v3/${path}`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  // Pages cannot set headers of websockets; the server takes the second protocol for the token.
  return token === undefined ? new WebSocket(url) : new WebSocket(url, ["Bearer", token]);
}

/**
 * Sends one message, and passes all that come to `onMessage` until the socket is closed or `signal` is aborted.
 * @returns whether the socket was ever open
 */
export function overSocket(
  path: string,
  token: string | undefined,
  message: object,
  onMessage: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = newSocket(path, token);
    if (socket === undefined) return resolve(false);
    let opened = false;
    const close = (): void => socket.close();
    signal.addEventListener("abort", close);
    if (signal.aborted) close();
    socket.onopen = () => {
      opened = true;
      socket.send(JSON.stringify(message));
    };
    socket.onmessage = ({ data }) => {
      if (!signal.aborted) onMessage(String(data));
    };
    socket.onclose = () => {
      signal.removeEventListener("abort", close);
      resolve(opened);
    };
  });
}

/** Undefined where there are no websockets, or a token that they cannot carry. */
function newSocket(path: string, token: string | undefined): WebSocket | undefined {
  if (typeof WebSocket === "undefined") return undefined;
  try {
    return openSocket(path, token);
  } catch {
    return undefined;
  }
}
