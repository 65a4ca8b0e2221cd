import { GrpcCode } from "../../base/index.js";
import type { Field, FieldList } from "../../http2/index.js";
import type { CallStatus } from "../services/status.js";

/** The most bytes of metadata, or of the headers of an HTTP request. Auth tokens are far shorter. */
export const metadataBytesMax = 64 * 1024;

const zero = 0x30;
const contentType = "application/grpc";
const okField: Field = { name: ":status", value: "200" };
const typeField: Field = { name: "content-type", value: contentType };
const endField: Field = { name: "grpc-status", value: "0" };

/** The header fields of nearly every answer. */
export const frequentFields: readonly Field[] = [typeField, endField];
export const answerHead: readonly Field[] = [okField, typeField];
const okTrailers: readonly Field[] = [endField];

/** The trailers that end a call whose answer has begun. */
export function trailersOf({ code, details }: CallStatus): readonly Field[] {
  if (code === GrpcCode.Ok) return okTrailers;
  return [
    { name: "grpc-status", value: String(code) },
    { name: "grpc-message", value: encodeMessage(details) },
  ];
}

/** The header fields that end a call before any answer. */
export function refusalOf(status: CallStatus): readonly Field[] {
  return [...answerHead, ...trailersOf(status)];
}

/** The refusals of a request that is not valid gRPC, with grpc-go's texts; undefined for a valid one. */
export function oddType(head: FieldList): readonly Field[] | undefined {
  const type = fieldOf(head, "content-type") ?? "";
  if (isGrpc(type)) return undefined;
  return odd("415", GrpcCode.InvalidArgument, `invalid gRPC request content-type ${quoted(type)}`);
}

/** @param timeout the value of `grpc-timeout` */
export function oddTimeout(timeout: string): readonly Field[] {
  return odd("400", GrpcCode.Internal, `malformed grpc-timeout: ${wrongTimeout(timeout)}`);
}

export function oddMethod(head: FieldList): readonly Field[] | undefined {
  const method = fieldOf(head, ":method") ?? "";
  if (method === "POST") return undefined;
  const details = `Received a HEADERS frame with :method ${quoted(method)} which should be POST`;
  return odd("405", GrpcCode.Internal, details);
}

function odd(status: string, code: GrpcCode, details: string): readonly Field[] {
  return [{ name: ":status", value: status }, typeField, ...trailersOf({ code, details })];
}

/** The value of the first field with this name. */
export function fieldOf({ fields }: FieldList, name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}

/** Whether the content type is gRPC's, by the test that etcd makes on ports that serve both gRPC and HTTP. */
export function isForGrpc(head: FieldList): boolean {
  return fieldOf(head, "content-type")?.includes(contentType) ?? false;
}

function isGrpc(type: string): boolean {
  if (!type.startsWith(contentType)) return false;
  return type.length === contentType.length || "+;".includes(type.charAt(contentType.length));
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 0.001],
  ["n", 0.000_001],
]);

/** The longest `grpc-timeout`: eight digits and a unit. */
const timeoutLengthMax = 9;

function wrongTimeout(text: string): string {
  if (text.length < 2) return `transport: timeout string is too short: ${quoted(text)}`;
  if (text.length > timeoutLengthMax) return `transport: timeout string is too long: ${quoted(text)}`;
  if (!unitMs.has(text.slice(-1))) return `transport: timeout unit is not recognized: ${quoted(text)}`;
  return `strconv.ParseUint: parsing ${quoted(text.slice(0, -1))}: invalid syntax`;
}

/** The milliseconds of a `grpc-timeout`; undefined when it is malformed. */
export function timeoutMs(text: string): number | undefined {
  const last = text.length - 1;
  const unit = unitMs.get(text.charAt(last));
  if (unit === undefined || last < 1 || last >= timeoutLengthMax) return undefined;
  let count = 0;
  for (let at = 0; at < last; at++) {
    const digit = text.charCodeAt(at) - zero;
    if (digit < 0 || digit > 9) return undefined;
    count = count * 10 + digit;
  }
  return count * unit;
}

/** Decodes the UTF-8 text of a field, whose value holds one character for each byte. */
export function utf8Of(value: string): string {
  return Buffer.from(value, "latin1").toString();
}

export function quoted(value: string): string {
  return JSON.stringify(utf8Of(value));
}

/** Percent-encodes a status message: all bytes of its UTF-8 that are not printable ASCII, and the percent sign. */
function encodeMessage(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
