import type { FieldSchema, FileSchema, MessageSchema } from "../wire/index.js";
import * as wire from "../wire/index.js";

type Fields = Record<string, unknown>;

/** The messages within answers. Their empty forms show which 64-bit fields are bigints, and which are numbers. */
const parts: Readonly<Record<string, { create(): object }>> = {
  "etcdserverpb.ResponseHeader": wire.ResponseHeader,
  "etcdserverpb.RangeResponse": wire.RangeResponse,
  "etcdserverpb.PutResponse": wire.PutResponse,
  "etcdserverpb.DeleteRangeResponse": wire.DeleteRangeResponse,
  "etcdserverpb.TxnResponse": wire.TxnResponse,
  "etcdserverpb.ResponseOp": wire.ResponseOp,
  "etcdserverpb.AlarmMember": wire.AlarmMember,
  "etcdserverpb.DowngradeInfo": wire.DowngradeInfo,
  "etcdserverpb.LeaseStatus": wire.LeaseStatus,
  "etcdserverpb.Member": wire.Member,
  "mvccpb.KeyValue": wire.KeyValue,
  "mvccpb.Event": wire.Event,
  "authpb.Permission": wire.authpb.Permission,
};

/** Converts messages to the JSON of etcd's gateway and back, without Node's buffers. */
export class JsonMessages {
  readonly #messages: ReadonlyMap<string, MessageSchema>;
  /** Numbers of enum values by name. */
  readonly #enums: ReadonlyMap<string, ReadonlyMap<string, number>>;

  constructor(files: readonly FileSchema[]) {
    this.#messages = new Map(files.flatMap(({ messages }) => messages.map((message) => [message.name, message])));
    this.#enums = new Map(files.flatMap(({ enums }) => enums.map(({ name, values }) => [name, new Map(values)])));
  }

  /** A message as a value for `JSON.stringify`; fields that are zero are left out. */
  toJson(type: string, message: object): Fields {
    const json: Fields = {};
    for (const field of this.#fieldsOf(type)) {
      const value = setValueOf(field, message as Fields);
      if (value === undefined) continue;
      const one = (item: unknown): unknown => this.#itemToJson(field, item);
      if (field.repeated !== true) json[field.name] = one(value);
      else if (Array.isArray(value) && value.length > 0) json[field.name] = value.map(one);
    }
    return json;
  }

  /** A parsed JSON value as a message. `empty` is the message without any field set. */
  fromJson(type: string, json: unknown, empty: object): Fields {
    const message: Fields = { ...empty };
    const given = typeof json === "object" && json !== null ? (json as Fields) : {};
    for (const field of this.#fieldsOf(type)) {
      const value = given[field.name];
      if (value === undefined || value === null) continue;
      const name = camelCase(field.name);
      const read = Array.isArray(value)
        ? value.map((item) => this.#itemFromJson(field, item, undefined))
        : this.#itemFromJson(field, value, message[name]);
      if (field.oneof === undefined) message[name] = read;
      else message[camelCase(field.oneof)] = { case: name, value: read };
    }
    return message;
  }

  /** A message within others, without any field set. */
  emptyPart(type: string): object {
    const part = parts[type];
    if (part === undefined) throw new TypeError(`unknown message type ${type}`);
    return part.create();
  }

  #fieldsOf(type: string): readonly FieldSchema[] {
    const message = this.#messages.get(type);
    if (message === undefined) throw new TypeError(`unknown message type ${type}`);
    return message.fields;
  }

  #itemToJson(field: FieldSchema, value: unknown): unknown {
    if ("message" in field) return this.toJson(field.message, value as object);
    if ("scalar" in field && field.scalar === "bytes") return toBase64(value as string | Uint8Array);
    if (typeof value === "bigint") return value.toString();
    // 64-bit numbers are strings in JSON.
    return "scalar" in field && field.scalar.endsWith("64") ? String(value) : value;
  }

  /** @param zero the field's value in the empty message, whose type the result has */
  #itemFromJson(field: FieldSchema, json: unknown, zero: unknown): unknown {
    if ("message" in field) return this.fromJson(field.message, json, this.emptyPart(field.message));
    if ("enum" in field) return typeof json === "string" ? (this.#enums.get(field.enum)?.get(json) ?? 0) : json;
    switch (field.scalar) {
      case "bytes": {
        const binary = atob(String(json));
        return zero instanceof Uint8Array ? Uint8Array.from(binary, (char) => char.charCodeAt(0)) : binary;
      }
      case "int64":
      case "uint64":
        return typeof zero === "bigint" ? BigInt(String(json)) : safeNumber(String(json));
      default:
        return json;
    }
  }
}

/** The value of a field that is to be sent; undefined when it is zero. */
function setValueOf(field: FieldSchema, message: Fields): unknown {
  const name = camelCase(field.name);
  if (field.oneof !== undefined) {
    const chosen = message[camelCase(field.oneof)] as { readonly case: string; readonly value: unknown } | undefined;
    return chosen?.case === name ? chosen.value : undefined;
  }
  const value = message[name];
  const isZero = value === 0 || value === 0n || value === "" || value === false;
  return isZero || (value instanceof Uint8Array && value.byteLength === 0) ? undefined : value;
}

/** Numbers beyond the safe range are clamped to it, as when messages are decoded from bytes. */
function safeNumber(digits: string): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(digits)));
}

/** Bytes as base64; a key has one character for each byte. */
function toBase64(bytes: string | Uint8Array): string {
  if (typeof bytes === "string") return btoa(bytes);
  let binary = "";
  // Pieces, since the number of arguments of a call is bounded.
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}

/** The property for a field's name in etcd's files: `prev_kv`, `peerURLs`, `remaining_TTL`, `ID`. */
function camelCase(name: string): string {
  const words = name.replace(/[A-Z]{2,}/g, (run) => run.charAt(0) + run.slice(1).toLowerCase()).split("_");
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}
