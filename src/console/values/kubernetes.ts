import { type Binary, textOf } from "../text/binary.js";
import { hasControls } from "../text/controls.js";
import { bytesOf, type ProtobufField, protobufFields } from "./protobuf.js";

/** An object as Kubernetes stores it: a mark, then a message that names the type of the object in it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** From the object's metadata, as far as it is encoded in the usual way. */
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** The bytes of the object itself. */
  readonly raw: Binary;
  /** Its fields, whose names only the schema of its type has. */
  readonly fields: readonly ProtobufField[];
}

const mark = "k8s\x00";
// Fields of runtime.Unknown, of the TypeMeta in it, of an object, and of its ObjectMeta.
const unknown = { typeMeta: 1, raw: 2, contentEncoding: 3, contentType: 4 };
const typeMeta = { apiVersion: 1, kind: 2 };
const metadataField = 1;
const objectMeta = { name: 1, namespace: 3, uid: 5 };

/** The object in a value; undefined if the value does not begin as Kubernetes' do. */
export function kubernetesObject(value: Binary): KubernetesObject | undefined {
  if (!value.startsWith(mark)) return undefined;
  const envelope = protobufFields(value.slice(mark.length));
  if (envelope === undefined) return undefined;
  const type = protobufFields(bytesOf(envelope, unknown.typeMeta));
  const raw = bytesOf(envelope, unknown.raw);
  const fields = protobufFields(raw) ?? [];
  const metadata = protobufFields(bytesOf(fields, metadataField));
  const text = (from: readonly ProtobufField[] | undefined, number: number): string =>
    textOf(bytesOf(from, number)) ?? "";
  return {
    apiVersion: text(type, typeMeta.apiVersion),
    kind: text(type, typeMeta.kind),
    name: text(metadata, objectMeta.name),
    namespace: text(metadata, objectMeta.namespace),
    uid: text(metadata, objectMeta.uid),
    contentType: text(envelope, unknown.contentType),
    contentEncoding: text(envelope, unknown.contentEncoding),
    raw,
    fields,
  };
}

/** A line of an outline of fields. */
export interface OutlineLine {
  readonly depth: number;
  readonly number: number;
  readonly text: string;
}

const outlineLinesMax = 2_000;
const outlineDepthMax = 12;

/** The fields as lines. Bytes that are text are shown as text, and bytes that are a message as its fields. */
export function outline(fields: readonly ProtobufField[]): readonly OutlineLine[] {
  const lines: OutlineLine[] = [];
  const add = (all: readonly ProtobufField[], depth: number): void => {
    for (const field of all) {
      if (lines.length >= outlineLinesMax) return;
      const inner = field.wire === "bytes" && depth < outlineDepthMax ? messageIn(field.value) : undefined;
      lines.push({ depth, number: field.number, text: inner === undefined ? fieldText(field) : "" });
      if (inner !== undefined) add(inner, depth + 1);
    }
  };
  add(fields, 0);
  return lines;
}

function messageIn(bytes: Binary): readonly ProtobufField[] | undefined {
  const text = textOf(bytes);
  // Most texts are no messages; those that are readable are meant as text.
  if (bytes === "" || (text !== undefined && !hasControls(text))) return undefined;
  return protobufFields(bytes);
}

function fieldText(field: ProtobufField): string {
  if (field.wire === "varint") return field.value.toString();
  const text = field.wire === "bytes" ? textOf(field.value) : undefined;
  if (text !== undefined && !hasControls(text)) return JSON.stringify(text);
  const hex = Array.from(field.value.slice(0, 48), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join(
    " ",
  );
  return field.value.length > 48 ? `${hex} … (${field.value.length} bytes)` : hex;
}
