import { GrpcCode } from "../../base/index.js";
import type { ConsoleService } from "../../server/index.js";
import { type consolepb, services } from "../../wire/index.js";
import { type Binding, unary } from "../grpc/binding.js";
import { CallError } from "./status.js";

export interface ConsoleServer {
  readonly console: Pick<ConsoleService, "info" | "tree" | "statistics" | "members" | "may">;
}

/** etcdts.v1.Console: what the console's page asks beside etcd's own API. */
export function consoleBindings(server: ConsoleServer): readonly Binding[] {
  const { Info, Tree, Statistics, Members, May } = services["etcdts.v1.Console"];
  const bindings = [
    unary(Info, () => server.console.info()),
    unary(Tree, (request, call) => server.console.tree(request, call)),
    unary(Statistics, (request, call) => server.console.statistics(request, call)),
    unary(Members, (_, call) => server.console.members(call)),
    unary(May, (request, call) => server.console.may(request, accessTypeOf(request), call)),
  ];
  return bindings.map((binding) => ({ ...binding, reads: true }));
}

function accessTypeOf({ type }: consolepb.MayRequest): "read" | "write" {
  if (type === "read" || type === "write") return type;
  throw new CallError(GrpcCode.InvalidArgument, `type must be "read" or "write"`);
}
