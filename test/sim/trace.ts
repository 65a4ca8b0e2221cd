import type { SimClock } from "./time.js";

/** Lines kept for whoever looks at a failure. */
const kept = 60;

/** The events of a run in order; one number tells two runs apart. */
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
    // FNV-1a over UTF-16 units.
    let hash = this.#hash;
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
    this.#hash = hash;
    this.#count++;
    if (this.#print) console.log(line);
    this.#lines[this.#count % kept] = line;
  }

  /** Hash and number of all lines that were noted. */
  get hash(): string {
    return `${(this.#hash >>> 0).toString(16)} of ${this.#count}`;
  }

  /** The latest lines. */
  tail(): string {
    const from = (this.#count + 1) % kept;
    return [...this.#lines.slice(from), ...this.#lines.slice(0, from)].filter(Boolean).join("\n");
  }
}
