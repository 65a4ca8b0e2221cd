import type { MessageReader, MessageWriter } from "../../threads/index.js";
import type { Page, PageRequest } from "../http/pages.js";

/** The status in place of a page that does not exist. */
const noPage = 0;

export function writePageRequest(message: MessageWriter, { method, path, query, watchingOnly }: PageRequest): void {
  message.text(method).text(path).text(query).flag(watchingOnly);
}

export function readPageRequest(message: MessageReader): PageRequest {
  const method = message.text();
  const path = message.text();
  const query = message.text();
  return { method, path, query, watchingOnly: message.flag() };
}

export function writePage(message: MessageWriter, page: Page | undefined): void {
  message.number(page?.status ?? noPage);
  if (page !== undefined) message.text(page.type).flag(page.exact).text(page.body);
}

export function readPage(message: MessageReader): Page | undefined {
  const status = message.number();
  if (status === noPage) return undefined;
  const type = message.text();
  const exact = message.flag();
  return { status, type, exact, body: message.text() };
}
