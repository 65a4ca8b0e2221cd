import type { ConfChange, ConfChangeCodec, ConfChangeSingle, ConfChangeTransition } from "../../src/raft/index.js";

/** Encodes conf changes with protobuf, so that the sizes in traces are those of etcd-io/raft. */
export const testCodec: ConfChangeCodec = {
  encode(change) {
    if (change.version === 1) {
      const id = change.id === 0n ? [] : [...field(1), ...varint(change.id)];
      return Buffer.from([...id, ...single(change, 2), ...bytesField(4, change.context)]);
    }
    const changes = change.changes.flatMap((each) => bytesField(2, Buffer.from(single(each, 1))));
    const transition = [...field(1), transitions.indexOf(change.transition)];
    return Buffer.from([...transition, ...changes, ...bytesField(3, change.context)]);
  },
  decode(type, data) {
    return type === "EntryConfChange" ? decodeV1(data) : decodeV2(data);
  },
};

const types = [
  "ConfChangeAddNode",
  "ConfChangeRemoveNode",
  "ConfChangeUpdateNode",
  "ConfChangeAddLearnerNode",
] as const satisfies readonly ConfChangeSingle["type"][];

const transitions = [
  "ConfChangeTransitionAuto",
  "ConfChangeTransitionJointImplicit",
  "ConfChangeTransitionJointExplicit",
] as const satisfies readonly ConfChangeTransition[];

function single({ type, nodeId }: ConfChangeSingle, firstField: number): number[] {
  return [...field(firstField), types.indexOf(type), ...field(firstField + 1), ...varint(nodeId)];
}

function field(number: number): number[] {
  return [number << 3];
}

function bytesField(number: number, bytes: Uint8Array): number[] {
  return bytes.length === 0 ? [] : [(number << 3) | 2, ...varint(BigInt(bytes.length)), ...bytes];
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

function decodeV1(data: Uint8Array): ConfChange {
  const fields = readFields(data);
  const { type, nodeId } = readSingle(fields, 2);
  return { version: 1, id: numberOf(fields, 1), type, nodeId, context: bytesOf(fields, 4) };
}

function decodeV2(data: Uint8Array): ConfChange {
  const fields = readFields(data);
  const transition = transitions[Number(numberOf(fields, 1))];
  if (transition === undefined) throw new Error("no such transition");
  const changes = fields
    .filter(({ number }) => number === 2)
    .map(({ value }) => readSingle(readFields(typeof value === "bigint" ? Buffer.alloc(0) : value), 1));
  return { version: 2, transition, changes, context: bytesOf(fields, 3) };
}

interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

function readSingle(fields: readonly Field[], firstField: number): ConfChangeSingle {
  const type = types[Number(numberOf(fields, firstField))];
  if (type === undefined) throw new Error("no such conf change");
  return { type, nodeId: numberOf(fields, firstField + 1) };
}

function numberOf(fields: readonly Field[], number: number): bigint {
  const value = fields.find((each) => each.number === number)?.value;
  return typeof value === "bigint" ? value : 0n;
}

function bytesOf(fields: readonly Field[], number: number): Uint8Array {
  const value = fields.find((each) => each.number === number)?.value;
  return value === undefined || typeof value === "bigint" ? Buffer.alloc(0) : value;
}

function readFields(data: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = data[at++];
      if (byte === undefined) throw new Error("the conf change is cut short");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const tag = Number(readVarint());
    const value = readVarint();
    const length = (tag & 7) === 0 ? undefined : Number(value);
    fields.push({ number: tag >> 3, value: length === undefined ? value : data.slice(at, at + length) });
    at += length ?? 0;
  }
  return fields;
}
