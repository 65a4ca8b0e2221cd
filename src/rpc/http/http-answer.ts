import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers HTTP requests. A returned promise never rejects, and resolves when work on the answer has ended. */
export type HttpListener = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export const plainText = "text/plain; charset=utf-8";

/** Sends a whole answer. @param exact forbids browsers to guess another content type */
export function send(response: ServerResponse, type: string, body: string, exact = false): void {
  response.setHeader("Content-Type", type);
  if (exact) response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.end(body);
}

/** Sends an error as Go's `http.Error` does. */
export function fail(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  send(response, plainText, `${text}\n`, true);
}
