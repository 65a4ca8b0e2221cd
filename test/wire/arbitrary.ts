import fc from "fast-check";
import type protobuf from "protobufjs";
import { type Field, fieldsOf, fullName, type Scalar } from "../../proto/schema.js";
import { type AnyMessage, messageNamed } from "./messages.js";

/** The same message in two forms: that of this project and that of protobufjs. */
export interface Twins {
  readonly ours: AnyMessage;
  /** The message of protobufjs. It is canonical: fields that etcd omits when they are zero are absent then. */
  readonly theirs: AnyMessage;
}

/** The value of a field in both forms. */
interface Value {
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** The maximum depth of nested messages, since a transaction can contain transactions. */
const depthMax = 4;

/** Arbitrary messages of a type in canonical form, in which message fields that are always written are present. */
export function arbitraryMessage(type: protobuf.Type, depth = 0): fc.Arbitrary<Twins> {
  const { proto2 } = messageNamed(fullName(type));
  const properties = new Map<string, fc.Arbitrary<{ ours: unknown; theirs: readonly [string, unknown][] }>>();
  const oneofs = new Map<string, Field[]>();
  for (const field of fieldsOf(type, proto2)) {
    if (field.oneof === undefined) properties.set(field.name, arbitraryField(field, original(type, field), depth));
    else oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), field]);
  }
  for (const [name, members] of oneofs) {
    const some = members.map((field) =>
      arbitraryValue(field, depth).map(({ ours, theirs }) => ({
        ours: { case: field.name, value: ours },
        theirs: [[original(type, field), theirs] as const satisfies [string, unknown]],
      })),
    );
    const none = fc.constant({ ours: undefined, theirs: [] });
    properties.set(name, depth >= depthMax ? none : fc.oneof(none, ...some));
  }
  return fc.record(Object.fromEntries(properties)).map((fields) => ({
    ours: Object.fromEntries(Object.entries(fields).map(([name, { ours }]) => [name, ours])),
    theirs: Object.fromEntries(Object.values(fields).flatMap(({ theirs }) => theirs)),
  }));
}

/** The name of the field in the .proto file. */
function original(type: protobuf.Type, field: Field): string {
  return type.fieldsById[field.number]?.name ?? "";
}

function arbitraryField(
  field: Field,
  theirName: string,
  depth: number,
): fc.Arbitrary<{ ours: unknown; theirs: readonly [string, unknown][] }> {
  const absent = fc.constant({ ours: field.repeated ? [] : undefined, theirs: [] });
  if (field.kind.type === "message" && depth >= depthMax && !field.always) return absent;
  if (field.repeated) {
    return fc.array(arbitraryValue(field, depth), { maxLength: depth < 2 ? 4 : 1 }).map((items) => ({
      ours: items.map(({ ours }) => ours),
      theirs: [[theirName, items.map(({ theirs }) => theirs)]],
    }));
  }
  const present = arbitraryValue(field, depth).map(({ ours, theirs }) => {
    const silent = field.kind.type !== "message" && !field.always && !field.nullable && isZero(ours);
    return { ours, theirs: silent ? [] : [[theirName, theirs] as [string, unknown]] };
  });
  const optional = (field.kind.type === "message" && !field.always) || field.nullable;
  return optional ? fc.oneof(absent, present) : present;
}

function isZero(value: unknown): boolean {
  return (
    value === 0 ||
    value === 0n ||
    value === "" ||
    value === false ||
    (value instanceof Uint8Array && value.length === 0)
  );
}

function arbitraryValue(field: Field, depth: number): fc.Arbitrary<Value> {
  if (field.kind.type === "message") return arbitraryMessage(field.kind.message, depth + 1);
  return scalars[field.kind.type];
}

const same = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Value> => values.map((ours) => ({ ours, theirs: ours }));
const long = <T extends number | bigint>(values: fc.Arbitrary<T>): fc.Arbitrary<Value> =>
  values.map((ours) => ({ ours, theirs: longBits(BigInt(ours)) }));
const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
const bytes = fc.uint8Array({ maxLength: 40 });

/** Arbitrary values of each scalar type: small numbers, powers of two, and others. */
const scalars: Record<Scalar, fc.Arbitrary<Value>> = {
  bool: same(fc.boolean()),
  int32: same(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer())),
  uint32: same(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff }))),
  int53: long(fc.oneof(fc.integer({ min: -1, max: 300 }), edges(52), fc.integer({ min: least, max: most }))),
  uint53: long(fc.oneof(fc.integer({ min: 0, max: 300 }), edges(52), fc.integer({ min: 0, max: most }))),
  int64: long(fc.oneof(fc.constant(0n), bigEdges(62), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
  uint64: long(fc.oneof(fc.constant(0n), bigEdges(63), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))),
  // Zero has a sign in both forms, but not in JavaScript's comparisons.
  double: same(fc.double().map((value) => (value === 0 ? 0 : value))),
  string: same(fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ minLength: 20, maxLength: 40 }))),
  key: bytes.map((theirs) => ({ ours: Buffer.from(theirs).toString("latin1"), theirs })),
  bytes: same(bytes),
};

/** Numbers next to powers of two, where a varint becomes longer. */
function edges(bits: number): fc.Arbitrary<number> {
  return fc
    .tuple(fc.integer({ min: 0, max: bits }), fc.integer({ min: -1, max: 1 }))
    .map(([at, by]) => Math.max(0, 2 ** at + by));
}

function bigEdges(bits: number): fc.Arbitrary<bigint> {
  const by = fc.constantFrom(-1n, 0n);
  return fc.tuple(fc.integer({ min: 0, max: bits }), by).map(([at, offset]) => 2n ** BigInt(at) + offset);
}

/** A 64-bit integer in the form of protobufjs. */
function longBits(value: bigint): { low: number; high: number; unsigned: boolean } {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffff_ffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: value >= 0n };
}
