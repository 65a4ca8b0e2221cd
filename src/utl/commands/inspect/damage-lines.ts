import type { Lines } from "./lines.js";

/** Prints damage where it is found, between the other lines. */
export class DamageLines {
  readonly #seen = new Set<string>();
  #waiting: string[] = [];
  #count = 0;

  /** The number of damaged places so far. */
  get count(): number {
    return this.#count;
  }

  /** A place cannot be read. It is printed before the next line, once. */
  add(what: string): void {
    if (this.#seen.has(what)) return;
    this.#seen.add(what);
    this.#waiting.push(what);
    this.#count++;
  }

  /** Forgets all damage so far. */
  forget(): void {
    this.#seen.clear();
    this.#waiting = [];
    this.#count = 0;
  }

  /** Lines with those about damage in front. */
  before(lines: Lines): Lines {
    return async (line) => {
      await this.print(lines);
      await lines(line);
    };
  }

  /** Prints what waits. */
  async print(lines: Lines): Promise<void> {
    for (const what of this.#waiting.splice(0)) {
      await lines({ type: "damage", text: `DAMAGED: ${what}`, fields: { damage: what } });
    }
  }
}
