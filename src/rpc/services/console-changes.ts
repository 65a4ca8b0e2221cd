import { errorText } from "../../base/index.js";
import { type Call, type ConsoleService, requestText } from "../../server/index.js";
import { services } from "../../wire/index.js";
import type { Binding, UnaryBinding } from "../grpc/binding.js";

export interface ChangesServer {
  readonly console: Pick<ConsoleService, "logChange">;
}

const { Put, DeleteRange, Txn, Compact } = services["etcdserverpb.KV"];
const { LeaseGrant, LeaseRevoke } = services["etcdserverpb.Lease"];
const { MemberAdd, MemberRemove, MemberUpdate, MemberPromote } = services["etcdserverpb.Cluster"];
const { Alarm, Defragment, MoveLeader } = services["etcdserverpb.Maintenance"];

/** Decodes the request of a method. */
interface RequestCodec {
  decode(bytes: Uint8Array): object;
}

/** The methods that change something, other than users and roles. */
const changes = [
  ...[Put, DeleteRange, Txn, Compact, LeaseGrant, LeaseRevoke],
  ...[MemberAdd, MemberRemove, MemberUpdate, MemberPromote, Alarm, Defragment, MoveLeader],
];
const codecs = new Map<string, RequestCodec>(changes.map(({ path, request }) => [path, request]));

/** The same bindings, which log the changes that users make in the console. Other calls go straight through. */
export function loggingChanges(bindings: readonly Binding[], server: ChangesServer): readonly Binding[] {
  return bindings.map((binding) => {
    const codec = codecs.get(binding.path);
    if (codec === undefined || binding.kind !== "unary") return binding;
    return {
      ...binding,
      run: (request, call, log) =>
        call.fromConsole === true
          ? runLogged(server, binding, codec, request, call, log)
          : binding.run(request, call, log),
    };
  });
}

async function runLogged(
  server: ChangesServer,
  binding: UnaryBinding,
  codec: RequestCodec,
  request: Uint8Array,
  call: Call,
  log: Parameters<UnaryBinding["run"]>[2],
): ReturnType<UnaryBinding["run"]> {
  const method = binding.path.slice(binding.path.lastIndexOf("/") + 1);
  let refusal: string | undefined;
  try {
    return await binding.run(request, call, log);
  } catch (error) {
    refusal = errorText(error);
    throw error;
  } finally {
    await server.console.logChange(call, method, textOf(codec, request), refusal);
  }
}

/** The text of the request: keys, and the lengths of values. */
function textOf(codec: RequestCodec, request: Uint8Array): string {
  try {
    return requestText(codec.decode(request));
  } catch {
    return "malformed";
  }
}
