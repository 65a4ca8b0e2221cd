import { GrpcCode } from "../../base/index.js";
import { healthpb, services } from "../../wire/index.js";
import { type Binding, streaming, unary } from "../grpc/binding.js";
import { CallError } from "./status.js";

/** grpc.health.v1.Health. Its only service is the whole server (""), whose status is SERVING while it answers. */
export function healthBindings(): readonly Binding[] {
  const { Check, Watch, List } = services["grpc.health.v1.Health"];
  const { SERVING, SERVICE_UNKNOWN } = healthpb.ServingStatus;
  return [
    unary(Check, ({ service }) => {
      if (service !== "") throw new CallError(GrpcCode.NotFound, "unknown service");
      return { status: SERVING };
    }),
    unary(List, () => ({ statuses: [{ key: "", value: { status: SERVING } }] })),
    streaming(Watch, async (stream) => {
      for await (const { service } of stream.read()) {
        stream.write({ status: service === "" ? SERVING : SERVICE_UNKNOWN });
        await aborted(stream.call.signal);
        return;
      }
    }),
  ];
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
