import protobuf from "protobufjs";
import { commentOf, hasMark } from "./marks.js";

/** A field as every language needs it, plus the decisions of this project. */
export interface Field {
  /** In TypeScript: `prevKv` for `prev_kv`, `grantedTtl` for `grantedTTL`. */
  readonly name: string;
  readonly number: number;
  readonly comment: string | undefined;
  readonly kind: Kind;
  readonly repeated: boolean;
  /** A repeated field that is written as one. */
  readonly packed: boolean;
  /** Written when zero too: etcd keeps the optional fields of its proto2 files as plain struct fields. */
  readonly always: boolean;
  /** May be absent although it is a scalar. */
  readonly nullable: boolean;
  /** Name of the oneof it belongs to. */
  readonly oneof: string | undefined;
  /** Its messages may hold messages of the type that it is a field of, and so on, as deep as a sender likes. */
  readonly recursive: boolean;
}

export type Kind =
  | { readonly type: Scalar; readonly enum: string | undefined }
  | { readonly type: "message"; readonly message: protobuf.Type; readonly encodable: boolean };

/** Methods of Reader and Writer, one each. */
export type Scalar = "bool" | "int32" | "uint32" | "int53" | "uint53" | "int64" | "uint64" | "string" | "key" | "bytes";

/** Fields of such a type take the bytes of a message in place of the message: the store has them at hand. */
export function isEncodable(type: protobuf.Type): boolean {
  return hasMark(type, "encodable");
}

/** Without the leading dot. */
export function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.slice(1);
}

/** `SortOrder`, and `PermissionType` for an enum inside of a message that is only called `Type`. */
export function enumName(type: protobuf.Enum): string {
  return type.name === "Type" && type.parent !== null ? type.parent.name + type.name : type.name;
}

/** Is it the type of a field that can come twice, where the later one only adds to the earlier one? */
export function isMergeable(type: protobuf.Type): boolean {
  return type.root.nestedArray.some((namespace) => hasSingular(namespace, type));
}

function hasSingular(within: protobuf.ReflectionObject, type: protobuf.Type): boolean {
  if (within instanceof protobuf.Type) {
    // Among the members of a oneof, only the last one that arrives counts.
    return within.fieldsArray.some((field) => field.resolvedType === type && !field.repeated && field.partOf === null);
  }
  return within instanceof protobuf.Namespace && within.nestedArray.some((inner) => hasSingular(inner, type));
}

/** In the order of their numbers, which is the order they are written in. */
export function fieldsOf(type: protobuf.Type, proto2: boolean): Field[] {
  return type.fieldsArray
    .map((field) => fieldOf(field.resolve(), proto2))
    .sort((left, right) => left.number - right.number);
}

function fieldOf(field: protobuf.Field, proto2: boolean): Field {
  const nullable = hasMark(field, "nullable");
  return {
    name: camelCase(field.name),
    number: field.id,
    comment: commentOf(field),
    kind: kindOf(field),
    repeated: field.repeated,
    packed: field.packed,
    always: proto2 && !field.repeated && field.type !== "bytes" && !nullable,
    nullable,
    oneof: field.partOf === null ? undefined : camelCase(field.partOf.name),
    recursive: isRecursive(field),
  };
}

/** In a circle of types, the member of a oneof is the field that generated code does not call itself through. */
function isRecursive(field: protobuf.Field): boolean {
  const inner = field.resolvedType;
  return field.partOf !== null && inner instanceof protobuf.Type && field.parent !== null && holds(inner, field.parent);
}

/** Whether a message of `type` may hold a recursive field, however deep in it: generated code reads that one apart. */
export function holdsRecursive(type: protobuf.Type): boolean {
  return [type, ...typesInside(type)].some((each) => each.fieldsArray.some((field) => isRecursive(field.resolve())));
}

function holds(type: protobuf.Type, wanted: protobuf.ReflectionObject): boolean {
  return typesInside(type).has(wanted as protobuf.Type);
}

/** The types of all messages that may lie in one of `type`. */
function typesInside(type: protobuf.Type): Set<protobuf.Type> {
  const found = new Set<protobuf.Type>();
  const visit = (outer: protobuf.Type): void => {
    for (const field of outer.fieldsArray) {
      const inner = field.resolve().resolvedType;
      if (!(inner instanceof protobuf.Type) || found.has(inner)) continue;
      found.add(inner);
      visit(inner);
    }
  };
  visit(type);
  return found;
}

function kindOf(field: protobuf.Field): Kind {
  if (field.resolvedType instanceof protobuf.Type) {
    return { type: "message", message: field.resolvedType, encodable: isEncodable(field.resolvedType) };
  }
  if (field.resolvedType !== null) return { type: "int32", enum: enumName(field.resolvedType) };
  return { type: scalarOf(field), enum: undefined };
}

function scalarOf(field: protobuf.Field): Scalar {
  const exact = hasMark(field, "bigint");
  switch (field.type) {
    case "bytes":
      return hasMark(field, "key") ? "key" : "bytes";
    case "int64":
      return exact ? "int64" : "int53";
    case "uint64":
      return exact ? "uint64" : "uint53";
    case "bool":
    case "int32":
    case "uint32":
    case "string":
      return field.type;
    default:
      throw new Error(`${fullName(field)}: no rule for the type ${field.type}`);
  }
}

/** From any of the styles in etcd's files: `prev_kv`, `peerURLs`, `remaining_TTL`, `ID`, `Term`. */
export function camelCase(name: string): string {
  const words = name.replace(/[A-Z]{2,}/g, (run) => run.charAt(0) + run.slice(1).toLowerCase()).split("_");
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}
