import { type LogFields, MemoryAccount, silentLogger, systemClock } from "../../../src/base/index.js";
import type { Binding } from "../../../src/rpc/grpc/binding.js";
import { CallCounters, type ClientServices, FrontEndCalls, RemoteServices, SlowCalls } from "../../../src/rpc/index.js";
import type { Call } from "../../../src/server/index.js";
import { loopPorts, type Port } from "../../../src/threads/index.js";

// A front end and the state's thread with a port between them, on one loop. Handlers stand for a whole member.

export interface Wires {
  readonly remote: RemoteServices;
  readonly calls: FrontEndCalls;
  /** The end of the port at the state. */
  readonly state: Port;
  readonly warnings: LogFields[];
  readonly errors: LogFields[];
  readonly counters: CallCounters;
  binding<Kind extends Binding["kind"]>(path: string, kind: Kind): Extract<Binding, { kind: Kind }>;
}

export async function connect(bindings: readonly Binding[], more: Partial<ClientServices> = {}): Promise<Wires> {
  const [front, state] = loopPorts();
  const counters = new CallCounters();
  const remote = new RemoteServices(front, { calls: counters, memory: MemoryAccount.unlimited() });
  const services: ClientServices = {
    bindings,
    gate: { admit: () => undefined },
    pages: { answer: async () => undefined },
    namesUsers: () => false,
    ...more,
  };
  const warnings: LogFields[] = [];
  const errors: LogFields[] = [];
  const logger = {
    ...silentLogger,
    warn: (_: string, fields: LogFields = {}) => void warnings.push(fields),
    error: (_: string, fields: LogFields = {}) => void errors.push(fields),
  };
  const slow = new SlowCalls(systemClock, logger, -1);
  const calls = new FrontEndCalls(state, { services, slow, clock: systemClock, logger });
  await remote.ready;
  const binding = <Kind extends Binding["kind"]>(path: string, kind: Kind) => {
    const found = remote.bindings.find((one) => one.path === path);
    if (found?.kind !== kind) throw new Error(`no ${kind} method ${path}`);
    return found as Extract<Binding, { kind: Kind }>;
  };
  return { remote, calls, state, warnings, errors, counters, binding };
}

/** A call of a client, which `cancel` ends. */
export function callOf(more: Partial<Call> & { readonly names?: Readonly<Record<string, string>> } = {}) {
  const abort = new AbortController();
  const { names = {}, ...rest } = more;
  const call: Call = {
    get cancelled() {
      return abort.signal.aborted;
    },
    signal: abort.signal,
    metadata: (name) => names[name],
    ...rest,
  };
  return { call, cancel: () => abort.abort() };
}

export const bytes = (text: string): Buffer => Buffer.from(text);
