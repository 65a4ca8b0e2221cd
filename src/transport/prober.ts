import type { ClientRequest } from "node:http";
import type { Timer } from "../base/index.js";
import { answerTo, PeerError, readBody } from "./dialer.js";
import { type Link, peerFields, refusalBytesMax } from "./link.js";

/** Path at which a member answers probes. */
export const probingPath = "/raft/probing";

/** A larger difference between clocks is logged: the leases of one leader would then look wrong to the next. */
const driftMsMax = 1_000;

/** Probes a peer at intervals: measures the round trip and the difference between the clocks. */
export class Prober {
  readonly #link: Link;
  #timer: Timer | undefined;
  #request: ClientRequest | undefined;
  #healthy = true;
  #drifting = false;
  #stopped = false;

  constructor(link: Link) {
    this.#link = link;
  }

  start(): void {
    const { clock, readTimeoutMs } = this.#link.config;
    this.#timer = clock.after(readTimeoutMs * probesPerTimeout, () => {
      this.#probe().then(
        () => this.#healthyAgain(),
        (error: Error) => this.#failed(error),
      );
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#request?.destroy();
  }

  async #probe(): Promise<void> {
    const { config, dialer, urls, counters } = this.#link;
    const { clock, readTimeoutMs } = config;
    const url = urls.pick();
    const startedAt = clock.now();
    const request = dialer.open("GET", url, probingPath, {});
    this.#request = request;
    const deadline = clock.after(readTimeoutMs, () =>
      request.destroy(new PeerError("the peer did not answer in time")),
    );
    request.on("error", () => undefined);
    request.end();
    try {
      const answer = await answerTo(request);
      const text = (await readBody(answer, refusalBytesMax)).toString();
      const tookMs = clock.now() - startedAt;
      const now = answer.statusCode === 200 ? readProbe(text) : undefined;
      if (now === undefined) throw new PeerError(`the peer answered with status ${answer.statusCode}`);
      counters.roundTrips.observe(tookMs / 1000);
      this.#compareClocks(clock.wallTime() - now - tookMs / 2);
    } catch (error) {
      urls.unreachable(url);
      throw error;
    } finally {
      deadline.cancel();
    }
  }

  #healthyAgain(): void {
    if (this.#stopped) return;
    if (!this.#healthy) this.#link.config.logger.info("prober detected healthy status again", peerFields(this.#link));
    this.#healthy = true;
    this.start();
  }

  #failed(error: Error): void {
    if (this.#stopped) return;
    const fields = { ...peerFields(this.#link), error: error.message };
    if (this.#healthy) this.#link.config.logger.warn("prober detected unhealthy status", fields);
    this.#healthy = false;
    this.start();
  }

  #compareClocks(driftMs: number): void {
    const drifting = Math.abs(driftMs) > driftMsMax;
    if (drifting && !this.#drifting) {
      const fields = { ...peerFields(this.#link), "clock-drift": `${Math.round(driftMs)}ms` };
      this.#link.config.logger.warn("prober found high clock drift", fields);
    }
    this.#drifting = drifting;
  }
}

/**
 * Interval of probes, as a fraction of the read timeout: the connection kept for them must not be idle for longer than
 * that.
 */
const probesPerTimeout = 0.8;

/** The answer to a probe, as etcd writes it. */
export function probeText(wallTime: number): string {
  return `{"OK":true,"Now":"${new Date(wallTime).toISOString()}"}\n`;
}

/** The peer's wall time in milliseconds since 1970; undefined when `text` is not the answer of a healthy member. */
function readProbe(text: string): number | undefined {
  try {
    const { OK: ok, Now: now }: { OK?: unknown; Now?: unknown } = { ...JSON.parse(text) };
    const time = typeof now === "string" ? Date.parse(now) : Number.NaN;
    return ok === true && !Number.isNaN(time) ? time : undefined;
  } catch {
    return undefined;
  }
}
