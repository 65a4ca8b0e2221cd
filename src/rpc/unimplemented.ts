import { GrpcCode } from "../base/index.js";
import { services } from "../wire/index.js";
import type { Binding } from "./binding.js";
import { CallError } from "./status.js";

/** Every method of etcd that is not bound, refused as a server of grpc-go that does not know it would. */
export function unimplementedBindings(bound: readonly Binding[]): readonly Binding[] {
  const known = new Set(bound.map(({ path }) => path));
  return Object.values(services)
    .flatMap((methods) => Object.values(methods))
    .map(({ path }) => path)
    .filter((path) => !known.has(path))
    .map((path) => {
      const [, service = "", method = ""] = path.split("/");
      const serviceKnown = bound.some((binding) => binding.path.startsWith(`/${service}/`));
      const details = serviceKnown ? `unknown method ${method} for service ${service}` : `unknown service ${service}`;
      return {
        kind: "unary",
        path,
        run: () => Promise.reject(new CallError(GrpcCode.Unimplemented, details)),
      };
    });
}
