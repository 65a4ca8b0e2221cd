import { GrpcCode } from "../base/index.js";
import type { AttemptError } from "../client/index.js";
import { type Binding, CallError, type ServerStream } from "../rpc/index.js";
import { metadataOf, proxied } from "./proxied-call.js";
import type { Repeatable, Upstream } from "./upstream.js";

/** A method whose request and answer pass through as they are. */
export function forwarded(upstream: Upstream, path: string, repeatable: Repeatable = "once"): Binding {
  return {
    kind: "unary",
    path,
    reads: repeatable === "repeatable",
    run: (request, call) => upstream.unary(path, request, proxied(call), repeatable),
  };
}

/** Like `forwarded`, for a method whose answer may take very long, such as the acquisition of a lock. */
export function forwardedWait(upstream: Upstream, path: string): Binding {
  return { ...forwarded(upstream, path), waits: true } as Binding;
}

/**
 * A method with one request and a stream of answers, which pass through as they are. The member is read no faster than
 * the client reads.
 */
export function forwardedStream(upstream: Upstream, path: string): Binding {
  return { kind: "stream", path, oneRequest: true, run: (stream) => forwardAnswers(upstream, path, stream) };
}

/** A method that the proxy refuses, whatever it is asked. */
export function refusedStream(path: string, details: string): Binding {
  const run = (): Promise<void> => Promise.reject(new CallError(GrpcCode.Unimplemented, details));
  return { kind: "stream", path, oneRequest: true, run };
}

async function forwardAnswers(
  upstream: Upstream,
  path: string,
  client: ServerStream<Uint8Array, Uint8Array>,
): Promise<void> {
  const { signal } = client.call;
  for await (const request of client.read()) {
    const error = await new Promise<AttemptError | undefined>((resolve) => {
      const member = upstream.stream(
        path,
        metadataOf(client.call),
        {
          message(bytes) {
            if (client.write(bytes)) return;
            member.pause();
            void client.drained().then(() => member.resume());
          },
          closed: resolve,
        },
        signal,
      );
      member.send(request);
      member.finish();
    });
    if (error !== undefined) throw new CallError(error.code, error.details);
    return;
  }
}
