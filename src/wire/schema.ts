/** A .proto file as data. Type names are full names without a leading dot. */
export interface FileSchema {
  readonly name: string;
  readonly package: string;
  readonly imports: readonly string[];
  /** All enums, including those inside messages. */
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
  /** Fields in the order of their declaration, which need not be that of their numbers. */
  readonly fields: readonly FieldSchema[];
}

export type ScalarType = "bool" | "int32" | "uint32" | "int64" | "uint64" | "double" | "string" | "bytes";

export type FieldSchema = {
  readonly name: string;
  readonly number: number;
  readonly repeated?: true;
  /** Name of the field's oneof, if it has one. */
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

/** JSON name of a field: `rangeEnd` for `range_end`, by protobuf's rule, which leaves `ID` unchanged. */
export function jsonName({ name }: FieldSchema): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}
