import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.js";
import { portEnds, ThreadPort, Threads } from "../../src/threads/index.js";

// The thread runs compiled code, since Node cannot run TypeScript in a worker.

const module = new URL("echo-thread.mjs", import.meta.url);
const started: Threads[] = [];
afterEach(async () => {
  for (const threads of started.splice(0)) await threads.terminate();
});

interface Echo {
  readonly threads: Threads;
  readonly port: ThreadPort;
  readonly lines: string[];
  readonly died: Promise<{ readonly thread: string; readonly error: Error }>;
  /** Resolves with the next message. */
  next(): Promise<{ readonly kind: number; readonly content: Buffer | string }>;
}

function startEcho(): Echo {
  const lines: string[] = [];
  let tellDied: (death: { thread: string; error: Error }) => void = () => undefined;
  const died = new Promise<{ thread: string; error: Error }>((resolve) => {
    tellDied = resolve;
  });
  const events = {
    line: (json: string) => void lines.push(json),
    linesLost: () => undefined,
    died: (thread: string, error: Error) => tellDied({ thread, error }),
  };
  const threads = new Threads(events, systemClock);
  started.push(threads);
  const [here, there] = portEnds();
  const data = { greeting: "good morning" };
  const name = threads.start({ role: "front-end", number: 1, module, data, ports: { echo: there } });
  const port = new ThreadPort(here);
  threads.watch(name, port);
  const waiting: ((message: { kind: number; content: Buffer | string }) => void)[] = [];
  port.listen((kind, message) => {
    const content = kind === 1 ? message.bytes() : kind === 0 ? message.text() : "";
    waiting.shift()?.({ kind, content });
  });
  return { threads, port, lines, died, next: () => new Promise((resolve) => void waiting.push(resolve)) };
}

test("a thread gets its data, and answers over its port", async () => {
  const { port, next } = startEcho();
  expect(await next()).toEqual({ kind: 0, content: "good morning" });
  const bytes = Buffer.alloc(3_000_000, "long ");
  const answered = next();
  port.post(1).bytes(bytes);
  const { content } = await answered;
  expect(bytes.equals(content as Buffer)).toBe(true);
  const woken = next();
  // The thread sleeps now, and is woken by the doorbell.
  port.post(1).bytes(Buffer.from("again"));
  expect(String((await woken).content)).toBe("again");
});

test("the lines of a thread's log arrive in order", async () => {
  const { port, lines, next } = startEcho();
  await next();
  for (let at = 0; at < 5; at++) {
    const logged = next();
    port.post(2).text(`line ${at}`);
    await logged;
  }
  await expect.poll(() => lines).toHaveLength(5);
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    [0, 1, 2, 3, 4].map((at) => ({ msg: `line ${at}`, thread: "front-end-1" })),
  );
});

test("the death of a thread is reported with its name and the error, after its last lines", async () => {
  const { port, lines, died, next } = startEcho();
  await next();
  port.post(3);
  const { thread, error } = await died;
  expect(thread).toBe("front-end-1");
  expect(error.message).toBe("told to fail");
  expect(error.stack).toContain("echo-thread.mjs");
  expect(lines).toEqual(["the last line\n"]);
});

test("the numbers of all threads say what each has used, even while it is busy", async () => {
  const { threads, port, next } = startEcho();
  await next();
  const [main, front] = threads.stats();
  expect(main).toMatchObject({ name: "main", role: "main" });
  expect(front).toMatchObject({ name: "front-end-1", role: "front-end", toBytes: 0, fromBytes: 0 });
  const before = front?.cpuSeconds ?? Number.NaN;
  const used = (): number => {
    port.post(4);
    return (threads.stats()[1]?.cpuSeconds ?? Number.NaN) - before;
  };
  await expect.poll(used).toBeGreaterThan(0.3);
});
