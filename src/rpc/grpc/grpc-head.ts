import { GrpcCode } from "../../base/index.js";
import type { Field, FieldList } from "../../http2/index.js";
import type { CallStatus } from "../services/status.js";

/** The most bytes of metadata, or of the headers of an HTTP request. Auth tokens are far shorter. */
export const metadataBytesMax = 64 * 1024;

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

/** The refusal of a request that is not valid gRPC, with grpc-go's text; undefined for a valid one. */
export function oddRequest(head: FieldList): readonly Field[] | undefined {
  const type = fieldOf(head, "content-type") ?? "";
  if (!isGrpc(type)) return odd("415", GrpcCode.InvalidArgument, `invalid gRPC request content-type ${quoted(type)}`);
  const timeout = fieldOf(head, "grpc-timeout");
  const wrong = timeout === undefined ? undefined : oddTimeout(timeout);
  if (wrong !== undefined) return odd("400", GrpcCode.Internal, `malformed grpc-timeout: ${wrong}`);
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

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** The longest `grpc-timeout`: eight digits and a unit. */
const timeoutLengthMax = 9;

function oddTimeout(text: string): string | undefined {
  if (text.length < 2) return `transport: timeout string is too short: ${quoted(text)}`;
  if (text.length > timeoutLengthMax) return `transport: timeout string is too long: ${quoted(text)}`;
  if (!Object.hasOwn(unitMs, text.slice(-1))) return `transport: timeout unit is not recognized: ${quoted(text)}`;
  const digits = text.slice(0, -1);
  return /^[0-9]+$/.test(digits) ? undefined : `strconv.ParseUint: parsing ${quoted(digits)}: invalid syntax`;
}

/** The timeout of a call in milliseconds; undefined without one. The request must have passed `oddRequest`. */
export function timeoutOf(head: FieldList): number | undefined {
  const text = fieldOf(head, "grpc-timeout");
  return text === undefined ? undefined : Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 0);
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
