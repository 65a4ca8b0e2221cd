import protobuf from "protobufjs";
import { commentOf, hasMark } from "./marks.js";

/** A field with its general properties and the decisions of this project. */
export interface Field {
  /** The name in TypeScript, such as `prevKv` for `prev_kv` and `grantedTtl` for `grantedTTL`. */
  readonly name: string;
  readonly number: number;
  readonly comment: string | undefined;
  readonly kind: Kind;
  readonly repeated: boolean;
  /** Whether a repeated field is written packed, in one field. */
  readonly packed: boolean;
  /** Whether the field is written when it is zero, as etcd does for the optional fields of its proto2 files. */
  readonly always: boolean;
  /** Whether a scalar can be absent. */
  readonly nullable: boolean;
  /** The name of the oneof of the field. */
  readonly oneof: string | undefined;
  /**
   * Whether messages of the field can contain the message of the field, so that a sender can nest them at any depth.
   */
  readonly recursive: boolean;
}

export type Kind =
  | { readonly type: Scalar; readonly enum: string | undefined }
  | { readonly type: "message"; readonly message: protobuf.Type; readonly encodable: boolean };

/** The scalars. For each one there is a method of Reader and one of Writer. */
export type Scalar =
  | "bool"
  | "int32"
  | "uint32"
  | "int53"
  | "uint53"
  | "int64"
  | "uint64"
  | "double"
  | "string"
  | "key"
  | "bytes";

/** Whether fields of the type also accept encoded messages, which the store already has. */
export function isEncodable(type: protobuf.Type): boolean {
  return hasMark(type, "encodable");
}

/** The full name without the leading dot. */
export function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.slice(1);
}

/**
 * The name of an enum, such as `SortOrder`. An enum `Type` in a message gets a longer name, such as `PermissionType`.
 */
export function enumName(type: protobuf.Enum): string {
  return type.name === "Type" && type.parent !== null ? type.parent.name + type.name : type.name;
}

/** Whether a field of the type can occur twice in a message, where the later one is merged into the earlier one. */
export function isMergeable(type: protobuf.Type): boolean {
  return type.root.nestedArray.some((namespace) => hasSingular(namespace, type));
}

function hasSingular(within: protobuf.ReflectionObject, type: protobuf.Type): boolean {
  if (within instanceof protobuf.Type) {
    // Only the last field of a oneof counts.
    return within.fieldsArray.some((field) => field.resolvedType === type && !field.repeated && field.partOf === null);
  }
  return within instanceof protobuf.Namespace && within.nestedArray.some((inner) => hasSingular(inner, type));
}

/** The fields in the order of their numbers, in which they are written. */
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

/** Whether generated code reads the field without recursion. In a circle of types, this is the field of a oneof. */
function isRecursive(field: protobuf.Field): boolean {
  const inner = field.resolvedType;
  return field.partOf !== null && inner instanceof protobuf.Type && field.parent !== null && holds(inner, field.parent);
}

/** Whether a message of `type` can contain a recursive field at any depth, which generated code reads separately. */
export function holdsRecursive(type: protobuf.Type): boolean {
  return [type, ...typesInside(type)].some((each) => each.fieldsArray.some((field) => isRecursive(field.resolve())));
}

function holds(type: protobuf.Type, wanted: protobuf.ReflectionObject): boolean {
  return typesInside(type).has(wanted as protobuf.Type);
}

/** The types of all messages that a message of `type` can contain. */
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
    case "double":
    case "string":
      return field.type;
    default:
      throw new Error(`${fullName(field)}: no rule for the type ${field.type}`);
  }
}

/** Converts a name from any style of etcd's files: `prev_kv`, `peerURLs`, `remaining_TTL`, `ID`, `Term`. */
export function camelCase(name: string): string {
  const words = name.replace(/[A-Z]{2,}/g, (run) => run.charAt(0) + run.slice(1).toLowerCase()).split("_");
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}
