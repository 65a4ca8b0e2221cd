import { GrpcCode } from "../../base/index.js";
import type { Serving } from "../../server/index.js";
import { healthpb, services } from "../../wire/index.js";
import { type Binding, streaming, unary } from "../grpc/binding.js";
import { CallError } from "./status.js";

/** grpc.health.v1.Health. Its only service is the whole server (""). */
export function healthBindings(serving: Pick<Serving, "now" | "onChange">): readonly Binding[] {
  const { Check, Watch, List } = services["grpc.health.v1.Health"];
  const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = healthpb.ServingStatus;
  const status = () => ({ status: serving.now ? SERVING : NOT_SERVING });
  return [
    unary(Check, ({ service }) => {
      if (service !== "") throw new CallError(GrpcCode.NotFound, "unknown service");
      return status();
    }),
    unary(List, () => ({ statuses: [{ key: "", value: status() }] })),
    streaming(Watch, async (stream) => {
      for await (const { service } of stream.read()) {
        const known = service === "";
        stream.write(known ? status() : { status: SERVICE_UNKNOWN });
        let told = serving.now;
        const stop = serving.onChange(() => {
          if (!known || told === serving.now) return;
          told = serving.now;
          stream.write(status());
        });
        await aborted(stream.call.signal).finally(stop);
        return;
      }
    }),
  ];
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
