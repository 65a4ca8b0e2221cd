import type { IncomingMessage, ServerResponse } from "node:http";
import { header } from "./peer-headers.js";

/** Answers with a text, as Go's `http.Error` does. The rest of the request is not awaited. */
export function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.statusCode = status;
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (!response.req.complete) response.setHeader("Connection", "close");
  answer(response, "text/plain; charset=utf-8", `${text}\n`);
}

export function answer(response: ServerResponse, type: string, body: string | Uint8Array): void {
  response.setHeader("Content-Type", type);
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.end(body);
}

/** Whether the request has this method; refuses it otherwise. */
export function allow(method: "GET" | "POST", request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === method) return true;
  response.setHeader("Allow", method);
  refuse(response, 405, "Method Not Allowed");
  return false;
}

/** The path of a request, without its query. */
export function pathOf({ url = "" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

/** A bound on the bytes of all request bodies that are being read at once. */
export class BodyBudget {
  #left: number;

  constructor(bytesMax: number) {
    this.#left = bytesMax;
  }

  /**
   * Reads the body of a request. Returns `"tooLarge"` when the body is longer than `bytesMax` or than the rest of the
   * budget, and `"broken"` when the connection ends before the body does.
   */
  async read(request: IncomingMessage, bytesMax: number): Promise<Buffer | "tooLarge" | "broken"> {
    if (Number(header(request.headers, "Content-Length") ?? 0) > bytesMax) return "tooLarge";
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        if (!Buffer.isBuffer(chunk)) continue;
        length += chunk.byteLength;
        this.#left -= chunk.byteLength;
        if (length > bytesMax || this.#left < 0) return "tooLarge";
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } catch {
      return "broken";
    } finally {
      this.#left += length;
    }
  }
}
