import { EtcdError } from "../../base/index.js";
import { bothOf, type Call } from "../../server/index.js";
import type { CallLog } from "../grpc/binding.js";
import { isFromConsole, type Metadata, metadataValue } from "./metadata.js";

/** A connection of a front end. */
export interface StateClient {
  /** The client's address, for the log. */
  readonly remote: string;
  readonly commonName: string | undefined;
  /** The metadata of the last call, which the next one may repeat. */
  metadata: Metadata | undefined;
}

/** A call of a front end, on the thread that owns the state. */
export class StateCall implements Call, CallLog {
  asked: object | undefined;
  requestCount = 0;
  responseCount = 0;
  readonly client: StateClient | undefined;
  readonly #metadata: Metadata;
  #cancelled = false;
  #abort: AbortController | undefined;
  #onCancel: (() => void) | undefined;

  /** @param client absent for a call that shares no connection with others */
  constructor(client: StateClient | undefined, metadata: Metadata) {
    this.client = client;
    this.#metadata = metadata;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Created on first use, since most calls are answered without it. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#cancelled) this.#abort.abort(new EtcdError("canceled"));
    }
    return this.#abort.signal;
  }

  onCancel(listener: () => void): void {
    if (this.#cancelled) listener();
    else this.#onCancel = bothOf(this.#onCancel, listener);
  }

  get remote(): string {
    return this.client?.remote ?? "No remote client info.";
  }

  get commonName(): string | undefined {
    // A grpc-gateway proxy's own certificate does not identify its client.
    return this.metadata("grpcgateway-accept") === undefined ? this.client?.commonName : undefined;
  }

  get fromConsole(): boolean {
    return isFromConsole(this.#metadata);
  }

  metadata(name: string): string | undefined {
    return metadataValue(this.#metadata, name);
  }

  /** Called when nobody waits for the answer any more. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#onCancel?.();
    this.#abort?.abort(new EtcdError("canceled"));
  }
}
