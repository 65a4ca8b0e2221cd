import { findReference, haveReference, releaseOf } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";
import type { Write } from "./fixture.js";

export interface HashAnswer {
  readonly hash: number;
  readonly compactRevision: number;
}

/** Whether etcd 3.5 is available. Older releases hash tombstones differently. */
export function haveEtcd35(): boolean {
  if (!haveReference(["etcd", "3.5"])) return false;
  const release = releaseOf(findReference("etcd", "3.5") ?? "");
  if (release.startsWith("3.5.")) return true;
  const line = `etcd 3.5 not found, only ${release} (set ETCD35_BIN)`;
  if (process.env.CI === "true") throw new Error(line);
  console.warn(`skipped: ${line}`);
  return false;
}

/** A real etcd that is used through its JSON gateway. */
export class RealEtcd {
  readonly #server: ServerProcess;

  private constructor(server: ServerProcess) {
    this.#server = server;
  }

  static async start(dataDir: string): Promise<RealEtcd> {
    const etcd = new RealEtcd(await ServerProcess.start({ kind: "etcd 3.5", dataDir }));
    await until(
      async () => (await fetch(`http://${etcd.#server.endpoint}/health`).catch(() => undefined))?.ok === true,
    );
    return etcd;
  }

  async write(...writes: readonly Write[]): Promise<void> {
    const success = writes.map(({ put, value = "", lease = 0n, del = "" }) => {
      if (put !== undefined) return { requestPut: { key: base64(put), value: base64(value), lease: String(lease) } };
      const [key, end] = typeof del === "string" ? [del, ""] : del;
      return { requestDeleteRange: { key: base64(key), range_end: base64(end) } };
    });
    const refused = refusalOf(await this.#ask("kv/txn", { success }));
    if (refused !== "") throw new Error(refused);
  }

  async grant(id: bigint): Promise<void> {
    await this.#ask("lease/grant", { ID: String(id), TTL: "3600" });
  }

  async compact(revision: number): Promise<string> {
    return refusalOf(await this.#ask("kv/compaction", { revision: String(revision), physical: true }));
  }

  async hashKv(revision: number): Promise<HashAnswer | string> {
    const answer = await this.#ask("maintenance/hashkv", { revision: String(revision) });
    const refusal = refusalOf(answer);
    if (refusal !== "") return refusal;
    return { hash: Number(answer.hash ?? 0), compactRevision: Number(answer.compact_revision ?? 0) };
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async #ask(path: string, body: unknown): Promise<Record<string, unknown>> {
    const request = { method: "POST", body: JSON.stringify(body) };
    const answer: unknown = await (await fetch(`http://${this.#server.endpoint}/v3/${path}`, request)).json();
    if (typeof answer !== "object" || answer === null) throw new Error(`etcd answered ${JSON.stringify(answer)}`);
    return { ...answer };
  }
}

function refusalOf(answer: Record<string, unknown>): string {
  return typeof answer.message === "string" ? answer.message : "";
}

function base64(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("base64");
}
