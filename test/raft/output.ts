import type { RaftLogger } from "../../src/raft/index.js";

const levels = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"];

/** An invalid command of a script. The text is part of the script's output. */
export class ScriptError extends Error {}

/** The output of a command: the log lines of raft from a level on, and those of the script's nodes. */
export class Output implements RaftLogger {
  #text = "";
  /** The index into `levels`. At NONE nothing is printed. */
  level = 0;

  get quiet(): boolean {
    return this.level === levels.length - 1;
  }

  setLevel(name: string): void {
    const level = levels.indexOf(name.toUpperCase());
    if (level < 0) throw new ScriptError(`log levels must be either of [${levels.join(" ")}]`);
    this.level = level;
  }

  write(text: string): void {
    if (!this.quiet) this.#text += text;
  }

  /** The text since the previous call. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Indents the output of `run`. */
  indented(run: () => void): void {
    const before = this.take();
    try {
      run();
    } finally {
      const lines = this.take().split("\n");
      if (lines.at(-1) === "") lines.pop();
      this.#text = before + lines.map((line) => `  ${line}\n`).join("");
    }
  }

  debug(line: () => string): void {
    this.#log(0, line);
  }

  info(line: () => string): void {
    this.#log(1, line);
  }

  warn(line: () => string): void {
    this.#log(2, line);
  }

  error(line: () => string): void {
    this.#log(3, line);
  }

  fatal(line: () => string): void {
    this.#log(4, line);
  }

  #log(level: number, line: () => string): void {
    if (this.level <= level) this.write(`${levels[level]} ${line()}\n`);
  }
}
