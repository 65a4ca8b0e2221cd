import { GrpcCode } from "../base/index.js";
import type { Field, FieldList } from "../http2/index.js";
import type { CallStatus } from "./status.js";

const contentType = "application/grpc";
const okField: Field = { name: ":status", value: "200" };
const typeField: Field = { name: "content-type", value: contentType };
const endField: Field = { name: "grpc-status", value: "0" };

/** Fields of nearly every answer. */
export const frequentFields: readonly Field[] = [typeField, endField];
export const answerHead: readonly Field[] = [okField, typeField];
const okTrailers: readonly Field[] = [endField];

/** What ends a call whose answer has begun. */
export function trailersOf({ code, details }: CallStatus): readonly Field[] {
  if (code === GrpcCode.Ok) return okTrailers;
  return [
    { name: "grpc-status", value: String(code) },
    { name: "grpc-message", value: encodeMessage(details) },
  ];
}

/** What ends a call that has not been answered with anything. */
export function refusalOf(status: CallStatus): readonly Field[] {
  return [...answerHead, ...trailersOf(status)];
}

/** A request that is none of gRPC's. */
export function notGrpc(type: string): readonly Field[] {
  return [
    { name: ":status", value: "415" },
    typeField,
    { name: "grpc-status", value: String(GrpcCode.Internal) },
    { name: "grpc-message", value: encodeMessage(`invalid gRPC request content-type "${type}"`) },
  ];
}

/** The first field of this name. */
export function fieldOf({ fields }: FieldList, name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}

export function isGrpc(type: string | undefined): boolean {
  if (type === undefined || !type.startsWith(contentType)) return false;
  return type.length === contentType.length || "+;".includes(type.charAt(contentType.length));
}

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** @returns milliseconds, or undefined for what is no timeout */
export function timeoutMs(text: string): number | undefined {
  const unit = unitMs[text.slice(-1)];
  const digits = text.slice(0, -1);
  return unit === undefined || !/^[0-9]{1,8}$/.test(digits) ? undefined : Number(digits) * unit;
}

/** UTF-8, with what is not printable ASCII, and the percent sign, as percent and two digits. */
function encodeMessage(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
