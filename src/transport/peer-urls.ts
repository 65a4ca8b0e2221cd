import { assert } from "../base/index.js";
import { peerAddress } from "./peer-address.js";

/** The URLs of one peer. One of them is used until it fails, then the next. */
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

  /** Moves on to the next URL. When several users of one URL report its failure, only the first report counts. */
  unreachable(url: string): void {
    if (url === this.pick()) this.#picked = (this.#picked + 1) % this.#urls.length;
  }
}

/** Whether this transport can connect to each of these URLs, judged by their form. */
export function arePeerUrls(urls: readonly string[]): boolean {
  return urls.length > 0 && urls.every((url) => peerAddress(url) !== undefined);
}
