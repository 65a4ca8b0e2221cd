import { memoryKinds } from "../../base/index.js";
import type { MessageReader, MessageWriter } from "../../threads/index.js";
import { CallCounters, type MethodCounters } from "../grpc/call-counters.js";
import { type LoopCounts, potsOf } from "../metrics/loop-counts.js";

const methodTypes = ["unary", "bidi_stream", "server_stream"] as const satisfies readonly MethodCounters["type"][];

export function writeCounts(message: MessageWriter, { calls: counts, memory }: LoopCounts): void {
  message.number(counts.receivedBytes).number(counts.sentBytes).number(counts.methods.length);
  for (const { path, type, started, received, sent, handled, seconds, secondsSum } of counts.methods) {
    message.latin1(path).number(methodTypes.indexOf(type)).number(started).number(received).number(sent);
    writeNumbers(message, handled);
    writeNumbers(message, seconds);
    message.double(secondsSum);
  }
  const clients = [...counts.clients()];
  message.number(clients.length);
  for (const { type, version, count } of clients)
    message
      .flag(type === "unary")
      .text(version)
      .number(count);
  for (const kind of memoryKinds) {
    const { heldBytes, refusals } = memory.pot(kind);
    message.number(heldBytes).number(refusals);
  }
}

export function readCounts(message: MessageReader): LoopCounts {
  const counters = new CallCounters();
  counters.receivedBytes = message.number();
  counters.sentBytes = message.number();
  for (let left = message.number(); left > 0; left--) {
    const path = message.latin1();
    const method = counters.method(path, methodTypes[message.number()] ?? "unary");
    method.started = message.number();
    method.received = message.number();
    method.sent = message.number();
    readNumbers(message, method.handled);
    readNumbers(message, method.seconds);
    method.secondsSum = message.double();
  }
  for (let left = message.number(); left > 0; left--) {
    const type = message.flag() ? "unary" : "stream";
    const version = message.text();
    counters.client(type, version, message.number());
  }
  const pots = memoryKinds.map(() => {
    const heldBytes = message.number();
    return { heldBytes, refusals: message.number() };
  });
  return { calls: counters, memory: potsOf(pots) };
}

/** Writes an array whose places may be empty, which means 0. */
function writeNumbers(message: MessageWriter, numbers: readonly number[]): void {
  message.number(numbers.length);
  for (let at = 0; at < numbers.length; at++) message.number(numbers[at] ?? 0);
}

function readNumbers(message: MessageReader, numbers: number[]): void {
  const length = message.number();
  for (let at = 0; at < length; at++) numbers[at] = message.number();
}
