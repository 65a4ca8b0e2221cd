/** A .proto file as data. Names of types are full ones, without a leading dot. */
export interface FileSchema {
  readonly name: string;
  readonly package: string;
  readonly imports: readonly string[];
  /** Those inside of messages too. */
  readonly enums: readonly EnumSchema[];
  readonly messages: readonly MessageSchema[];
  readonly services: readonly ServiceSchema[];
}

export interface EnumSchema {
  readonly name: string;
  readonly values: readonly (readonly [name: string, number: number])[];
}

export interface MessageSchema {
  readonly name: string;
  readonly comment?: string;
  /** In the order in which they are declared, which need not be that of their numbers. */
  readonly fields: readonly FieldSchema[];
}

export type ScalarType = "bool" | "int32" | "uint32" | "int64" | "uint64" | "string" | "bytes";

export type FieldSchema = {
  readonly name: string;
  readonly number: number;
  readonly repeated?: true;
  /** Name of the oneof it belongs to. */
  readonly oneof?: string;
} & ({ readonly scalar: ScalarType } | { readonly enum: string } | { readonly message: string });

export interface ServiceSchema {
  readonly name: string;
  readonly methods: readonly MethodSchema[];
}

export interface MethodSchema {
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly requestStream?: true;
  readonly responseStream?: true;
}

/** The name of a field in JSON: `rangeEnd` for `range_end`, by protobuf's rule, which leaves `ID` alone. */
export function jsonName({ name }: FieldSchema): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}
