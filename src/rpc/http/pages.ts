import type { ServerResponse } from "node:http";
import { assert } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { plainText, send } from "./http-answer.js";

/** A request for a plain HTTP endpoint. */
export interface PageRequest {
  readonly method: string;
  /** The decoded path without `.`, `..` and `//`. */
  readonly path: string;
  /** The query without the question mark, not decoded. */
  readonly query: string;
  /** Whether the port serves metrics and health only. */
  readonly watchingOnly: boolean;
}

/** The whole answer of a plain HTTP endpoint, as data. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Whether browsers must not guess another content type. */
  readonly exact: boolean;
}

/** The endpoints that show the state of the member, wherever that state is. */
export interface Pages {
  /** The page of a path; undefined when there is none. */
  answer(request: PageRequest, call: Call): Promise<Page | undefined>;
}

export function page(type: string, body: string): Page {
  return { status: 200, type, body, exact: false };
}

/** An error as Go's `http.Error` writes it. */
export function failure(status: number, text: string): Page {
  return { status, type: plainText, body: `${text}\n`, exact: true };
}

/** The answer to a method that an endpoint does not have. */
export const wrongMethod = failure(405, "Method Not Allowed");

/** The metrics in Prometheus's text format, without a request for them. */
export async function metricsText(pages: Pages): Promise<string> {
  const request = { method: "GET", path: "/metrics", query: "", watchingOnly: true };
  const { signal } = new AbortController();
  const answer = await pages.answer(request, { cancelled: false, signal, metadata: () => undefined });
  assert(answer !== undefined, "a member has metrics");
  return answer.body;
}

export function sendPage(response: ServerResponse, { status, type, body, exact }: Page): void {
  response.statusCode = status;
  if (status === wrongMethod.status) response.setHeader("Allow", "GET");
  send(response, type, body, exact);
}
