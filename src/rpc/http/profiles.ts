import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../../server/index.js";
import { plainText } from "./http-answer.js";
import { failure, type Page, page } from "./pages.js";

/** The prefix of the pages, that of Go's profiles. */
const prefix = "/debug/pprof/";
/** How long a profile takes without `seconds`, as in Go, and at most, which bounds its memory. */
const [secondsDefault, secondsMax] = [30, 300];
/** The time between two samples of the processor, that of Go's profiles. */
const sampleMicroseconds = 10_000;
/** One allocation is sampled for about so many bytes, as in Go. */
const bytesOfSample = 512 * 1024;
const json = "application/json";

/** A profile of Node's inspector that takes a while. */
interface Recording {
  readonly about: string;
  /** @param collects whether garbage is collected first, as Go does for `gc=1` */
  start(session: Session, collects: boolean): Promise<void>;
  /** @returns the profile, in the format of Chrome's developer tools */
  stop(session: Session): Promise<object>;
}

const recordings = new Map<string, Recording>([
  [
    "profile",
    {
      about: "where the thread of the keys spends the processor's time: a .cpuprofile",
      async start(session) {
        await session.post("Profiler.enable");
        await session.post("Profiler.setSamplingInterval", { interval: sampleMicroseconds });
        await session.post("Profiler.start");
      },
      stop: async (session) => (await session.post("Profiler.stop")).profile,
    },
  ],
  [
    "heap",
    {
      about: "what is allocated meanwhile and still used at the end: a .heapprofile",
      start: async (session, collects) => {
        if (collects) await session.post("HeapProfiler.collectGarbage");
        await session.post("HeapProfiler.startSampling", { samplingInterval: bytesOfSample });
      },
      stop: async (session) => (await session.post("HeapProfiler.stopSampling")).profile,
    },
  ],
]);

/** Profiles of Go that a process of Node does not have. */
const ofGoOnly = new Set(["symbol", "trace", "goroutine", "threadcreate", "block", "mutex"]);

/** Profiles of this process, at the paths of Go's. One is recorded at a time, since each costs some speed. */
export class Profiles {
  #busy = false;

  /** The page of a path; undefined when there is none. */
  async answer(path: string, query: URLSearchParams, call: Call): Promise<Page | undefined> {
    if (path === prefix.slice(0, -1) || path === prefix) return page("text/html; charset=utf-8", index());
    if (!path.startsWith(prefix)) return undefined;
    const name = path.slice(prefix.length);
    if (name === "cmdline") return page(plainText, process.argv.join("\0"));
    if (ofGoOnly.has(name)) return failure(404, `${name} is a profile of Go programs; Node.js has profile and heap`);
    const recording = recordings.get(name);
    return recording && (await this.#record(recording, query, call));
  }

  async #record(recording: Recording, query: URLSearchParams, { signal }: Call): Promise<Page> {
    const text = query.get("seconds");
    const seconds = text === null ? secondsDefault : Number(text);
    if (!(seconds > 0) || seconds > secondsMax) {
      return failure(400, `seconds: expected a number above 0, at most ${secondsMax}`);
    }
    if (this.#busy) return failure(500, "Could not enable profiling: profiling already in use");
    this.#busy = true;
    const session = new Session();
    session.connect();
    try {
      await recording.start(session, Number(query.get("gc")) > 0);
      // A client that leaves gets no profile, and the next one need not wait for it.
      await sleep(seconds * 1_000, undefined, { signal }).catch(() => undefined);
      return page(json, JSON.stringify(await recording.stop(session)));
    } finally {
      session.disconnect();
      this.#busy = false;
    }
  }
}

function index(): string {
  const rows = [...recordings].map(
    ([name, { about }]) => `<li><a href="${name}?seconds=${secondsDefault}">${name}</a>: ${about}</li>`,
  );
  const command = `<li><a href="cmdline">cmdline</a>: the words of the command</li>`;
  return (
    `<html><head><title>${prefix}</title></head><body><p>Profiles of Node.js, which Chrome's developer tools show. ` +
    `They take <code>seconds</code>, ${secondsDefault} by default.</p>` +
    `<ul>${rows.join("")}${command}</ul></body></html>\n`
  );
}
