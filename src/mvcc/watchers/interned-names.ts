/** Names that many watchers share, each with a number and stored once, for as long as somebody uses it. */
export class InternedNames {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  /** The number of a name that has one user more. The empty name is number 0. */
  hold(name: string): number {
    if (name === "") return 0;
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#names.length + 1;
      this.#numbers.set(name, number);
      this.#names[number - 1] = name;
      this.#uses[number - 1] = 0;
    }
    this.#uses[number - 1] = (this.#uses[number - 1] ?? 0) + 1;
    return number;
  }

  name(number: number): string {
    return this.#names[number - 1] ?? "";
  }

  /** The name has one user less. */
  release(number: number): void {
    if (number === 0) return;
    const left = (this.#uses[number - 1] ?? 0) - 1;
    this.#uses[number - 1] = left;
    if (left > 0) return;
    this.#numbers.delete(this.name(number));
    this.#names[number - 1] = "";
    this.#free.push(number);
  }
}
