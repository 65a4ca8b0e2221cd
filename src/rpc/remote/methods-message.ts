import type { MessageReader, MessageWriter } from "../../threads/index.js";
import type { Binding, StreamBinding } from "../grpc/binding.js";

const flags = { stream: 1, reads: 2, first: 4, waits: 8, oneRequest: 16, session: 32 } as const;

export function writeMethods(message: MessageWriter, bindings: readonly Binding[]): void {
  message.number(bindings.length);
  for (const binding of bindings) message.latin1(binding.path).number(flagsOf(binding));
}

function flagsOf(binding: Binding): number {
  const first = binding.first ? flags.first : 0;
  if (binding.kind === "stream") {
    const session = binding.open === undefined ? 0 : flags.session;
    return first | flags.stream | session | (binding.oneRequest ? flags.oneRequest : 0);
  }
  return first | (binding.reads ? flags.reads : 0) | (binding.waits ? flags.waits : 0);
}

/**
 * The memory of a stream's handler on both threads: of a session, which was measured as 1,600 bytes, and of a handler
 * with promises that wait.
 */
const handlerBytes = { session: 1_600, reader: 10 * 1024 };

/** @param make makes the binding of a method from its facts and its number */
export function readMethods(
  message: MessageReader,
  make: {
    unary(number: number): Extract<Binding, { kind: "unary" }>["run"];
    stream(number: number): Pick<StreamBinding, "run" | "open">;
  },
): readonly Binding[] {
  const count = message.number();
  return Array.from({ length: count }, (_, number): Binding => {
    const path = message.latin1();
    const set = message.number();
    const has = (flag: number): boolean => (set & flag) !== 0;
    const first = has(flags.first);
    if (has(flags.stream)) {
      const memoryBytes = has(flags.session) ? handlerBytes.session : handlerBytes.reader;
      return { kind: "stream", path, first, oneRequest: has(flags.oneRequest), memoryBytes, ...make.stream(number) };
    }
    return { kind: "unary", path, first, reads: has(flags.reads), waits: has(flags.waits), run: make.unary(number) };
  });
}
