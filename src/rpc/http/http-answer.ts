import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers HTTP requests. What it returns, if anything, never rejects and settles when nothing works on the answer. */
export type HttpListener = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export const plainText = "text/plain; charset=utf-8";

/** A whole answer at once. @param exact browsers are not to guess another type */
export function send(response: ServerResponse, type: string, body: string, exact = false): void {
  response.setHeader("Content-Type", type);
  if (exact) response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.end(body);
}

/** As Go's `http.Error` has it. */
export function fail(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  send(response, plainText, `${text}\n`, true);
}
