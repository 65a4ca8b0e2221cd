import { EtcdError } from "../../base/index.js";
import type { Binding, CallError, ServerStream } from "../../rpc/index.js";
import { LeaseKeepAliveRequest, services } from "../../wire/index.js";
import { forwarded } from "../forward.js";
import { metadataOf, proxied } from "../proxied-call.js";
import type { Upstream } from "../upstream.js";
import { type RenewalOwner, Renewals } from "./renewals.js";

const lease = services["etcdserverpb.Lease"];
/** While a client waits for more answers than this, it is not read. */
const awaitedMax = 1_000;

/** etcdserverpb.Lease. @param onRevoked called when keys may have gone with a lease */
export function leaseBindings(upstream: Upstream, onRevoked: () => void): readonly Binding[] {
  const groups = new Map<string, Renewals>();
  const groupOf = (metadata: Readonly<Record<string, string>>): Renewals => {
    const { token, authorization, hasleader } = metadata;
    const kind = JSON.stringify([token, authorization, hasleader]);
    const group = groups.get(kind) ?? new Renewals(upstream, metadata, () => groups.delete(kind));
    groups.set(kind, group);
    return group;
  };
  return [
    forwarded(upstream, lease.LeaseGrant.path),
    {
      kind: "unary",
      path: lease.LeaseRevoke.path,
      async run(request, call) {
        try {
          return await upstream.unary(lease.LeaseRevoke.path, request, proxied(call), "repeatable");
        } finally {
          onRevoked();
        }
      },
    },
    {
      kind: "stream",
      path: lease.LeaseKeepAlive.path,
      run: (stream) => new RenewalSession(stream).run(groupOf(metadataOf(stream.call))),
    },
    forwarded(upstream, lease.LeaseTimeToLive.path, "repeatable"),
    forwarded(upstream, lease.LeaseLeases.path, "repeatable"),
  ];
}

/** A client's stream of renewals. */
class RenewalSession implements RenewalOwner {
  readonly #stream: ServerStream<Uint8Array, Uint8Array>;
  /** The requests that are not answered yet. */
  #awaited = 0;
  #wake: () => void = () => undefined;
  /** Rejects with the error that ends the stream; `#end` rejects it. */
  readonly #ended: Promise<never>;
  #end: (error: unknown) => void = () => undefined;

  constructor(stream: ServerStream<Uint8Array, Uint8Array>) {
    this.#stream = stream;
    this.#ended = new Promise((_, reject) => {
      this.#end = reject;
    });
  }

  async run(renewals: Renewals): Promise<void> {
    const { signal } = this.#stream.call;
    const aborted = (): void => this.#end(new EtcdError("canceled"));
    signal.addEventListener("abort", aborted, { once: true });
    renewals.enter(this);
    try {
      if (signal.aborted) aborted();
      await Promise.race([this.#renewAll(renewals), this.#ended]);
    } finally {
      signal.removeEventListener("abort", aborted);
      renewals.leave(this);
    }
  }

  renewed(answer: Uint8Array): void {
    this.#awaited--;
    this.#stream.write(answer);
    this.#wake();
  }

  failed(error: CallError): void {
    this.#end(error);
  }

  /** Resolves when the client has ended its side and everything is answered. */
  async #renewAll(renewals: Renewals): Promise<void> {
    for await (const bytes of this.#stream.read()) {
      await this.#stream.drained();
      while (this.#awaited >= awaitedMax) await this.#answered();
      this.#awaited++;
      renewals.renew(LeaseKeepAliveRequest.decode(bytes).id, this);
    }
    while (this.#awaited > 0) await this.#answered();
  }

  #answered(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
