import { assert } from "../base/index.js";
import { peerAddress } from "./peer-address.js";

/** The URLs of one peer: one is used until it fails, then the next. */
export class PeerUrls {
  #urls: readonly string[];
  #picked = 0;

  constructor(urls: readonly string[]) {
    assert(urls.length > 0, "a peer has a URL");
    this.#urls = urls;
  }

  update(urls: readonly string[]): void {
    assert(urls.length > 0, "a peer has a URL");
    this.#urls = urls;
    this.#picked = 0;
  }

  pick(): string {
    return this.#urls[this.#picked] ?? "";
  }

  /** Several may use the URL that fails: the first of them moves on. */
  unreachable(url: string): void {
    if (url === this.pick()) this.#picked = (this.#picked + 1) % this.#urls.length;
  }
}

/** Whether a connection can be opened to each of these. */
export function arePeerUrls(urls: readonly string[]): boolean {
  return urls.length > 0 && urls.every((url) => peerAddress(url) !== undefined);
}
