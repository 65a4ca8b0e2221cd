import type { SimClock } from "./time.js";

/** The number of lines that are kept to explain a failure. */
const kept = 60;

/** The events of a run in order, and their hash, which differs between different runs. */
export class Trace {
  readonly #clock: SimClock;
  readonly #print: boolean;
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;
  #count = 0;

  constructor(clock: SimClock, print: boolean) {
    this.#clock = clock;
    this.#print = print;
  }

  note(what: string): void {
    const line = `${this.#clock.now()} ${what}`;
    // The hash is FNV-1a over UTF-16 units.
    let hash = this.#hash;
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
    this.#hash = hash;
    this.#count++;
    if (this.#print) console.log(line);
    this.#lines[this.#count % kept] = line;
  }

  /** The hash and the number of all recorded lines. */
  get hash(): string {
    return `${(this.#hash >>> 0).toString(16)} of ${this.#count}`;
  }

  /** The latest lines. */
  tail(): string {
    const from = (this.#count + 1) % kept;
    return [...this.#lines.slice(from), ...this.#lines.slice(0, from)].filter(Boolean).join("\n");
  }
}
