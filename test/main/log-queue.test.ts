import { expect, test } from "vitest";
import { LogQueue, type LogSink } from "../../src/main/log-queue.js";

/** A reader that can hang, accept a few bytes at a time, or fail. */
class Reader implements LogSink {
  #bytes = Buffer.alloc(0);
  mood: { kind: "reads"; bytesMax?: number } | { kind: "hangs" } | { kind: "fails"; code: string } = { kind: "reads" };
  #woken: () => void = () => undefined;

  get text(): string {
    return this.#bytes.toString("utf8");
  }

  write(bytes: Buffer): number | Promise<number> {
    return this.writeNow(bytes) || this.#writeLater(bytes);
  }

  async #writeLater(bytes: Buffer): Promise<number> {
    for (;;) {
      const taken = this.writeNow(bytes);
      if (taken > 0) return taken;
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
      });
    }
  }

  writeNow(bytes: Buffer): number {
    switch (this.mood.kind) {
      case "hangs":
        return 0;
      case "fails":
        throw new Error(this.mood.code);
      case "reads": {
        const taken = bytes.subarray(0, this.mood.bytesMax ?? bytes.length);
        this.#bytes = Buffer.concat([this.#bytes, taken]);
        return taken.length;
      }
    }
  }

  becomes(mood: Reader["mood"]): void {
    this.mood = mood;
    this.#woken();
  }
}

function start() {
  const reader = new Reader();
  return { reader, queue: new LogQueue(reader, (lines, reason) => `lost ${lines}: ${reason}\n`) };
}

test("a line has been passed to its reader when the call returns", () => {
  const { reader, queue } = start();
  queue.write("one\n");
  expect(reader.text).toBe("one\n");
});

test("lines arrive completely and in order at a reader that accepts few bytes at a time", async () => {
  const { reader, queue } = start();
  reader.mood = { kind: "reads", bytesMax: 3 };
  const lines = Array.from({ length: 100 }, (_, at) => `line ${at}: ä\n`);
  for (const line of lines) queue.write(line);
  await queue.settled();
  expect(reader.text).toBe(lines.join(""));
  expect(queue.lost).toBe(0);
});

test("with a reader that hangs lines are lost, but nothing waits, and at most a MiB is held", async () => {
  const { reader, queue } = start();
  reader.mood = { kind: "hangs" };
  const line = `${"x".repeat(1_023)}\n`;
  for (let count = 0; count < 5_000; count++) queue.write(line);
  const kept = 5_000 - queue.lost;
  expect(kept * line.length).toBeLessThanOrEqual(1024 * 1024);
  expect(kept).toBeGreaterThan(800);
  reader.becomes({ kind: "reads" });
  await queue.settled();
  const [first, ...rest] = reader.text.split("\n").filter((text) => !text.startsWith("lost "));
  expect(first).toBe("x".repeat(1_023));
  expect(rest).toHaveLength(kept);
  expect(reader.text).toContain(`\nlost ${5_000 - kept}: the reader of the log is too slow\n`);
});

test("short lines are counted by the memory that they use, not only by their text", () => {
  const { reader, queue } = start();
  reader.mood = { kind: "hangs" };
  for (let count = 0; count < 100_000; count++) queue.write("\n");
  expect(100_000 - queue.lost).toBeLessThan(10_000);
});

test("lines that cannot be written are counted, and the number is logged when writing works again", async () => {
  const { reader, queue } = start();
  reader.mood = { kind: "fails", code: "ENOSPC: no space left" };
  for (const line of ["one\n", "two\n", "three\n"]) {
    queue.write(line);
    await queue.settled();
  }
  expect(queue.lost).toBe(3);
  reader.becomes({ kind: "reads" });
  queue.write("four\n");
  queue.write("five\n");
  await queue.settled();
  expect(reader.text).toBe("lost 3: ENOSPC: no space left\nfour\nfive\n");
  expect(queue.lost).toBe(3);
});

test("the text after a line that was cut begins on a new line", async () => {
  const { reader, queue } = start();
  reader.mood = { kind: "reads", bytesMax: 3 };
  // The disk accepts only three bytes.
  const { write } = reader;
  reader.write = (bytes) => {
    const taken = write.call(reader, bytes);
    reader.mood = { kind: "fails", code: "ENOSPC" };
    return taken;
  };
  queue.write("abcdef\n");
  await queue.settled();
  reader.write = write;
  reader.mood = { kind: "reads" };
  queue.write("next\n");
  await queue.settled();
  expect(reader.text).toBe("abc\nlost 1: ENOSPC\nnext\n");
});

test("waiting lines are written at the end of the process, as far as the reader accepts them", () => {
  const { reader, queue } = start();
  reader.mood = { kind: "hangs" };
  queue.write("one\n");
  queue.write("two\n");
  queue.flush();
  expect(reader.text).toBe("");
  reader.mood = { kind: "reads", bytesMax: 2 };
  queue.flush();
  expect(reader.text).toBe("one\ntwo\n");
});

test("a sink that fails at the end of the process does not fail it", () => {
  const { reader, queue } = start();
  reader.mood = { kind: "hangs" };
  queue.write("one\n");
  reader.mood = { kind: "fails", code: "EPIPE" };
  expect(() => queue.flush()).not.toThrow();
});

test("written lines are not written again at the end of the process", () => {
  const { reader, queue } = start();
  queue.write("one\n");
  queue.flush();
  expect(reader.text).toBe("one\n");
});
