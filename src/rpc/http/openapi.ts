import type { FieldSchema, FileSchema, MessageSchema } from "../../wire/index.js";
import { gatewayPaths } from "../../wire/index.js";

type Schema = Readonly<Record<string, unknown>>;

const numbers = { int32: "int32", uint32: "int64" } as const;
const json = "application/json";

/** The JSON gateway as an OpenAPI 3.0 document, made from the .proto files and the table of its paths. */
export function openApi(files: readonly FileSchema[], version: string): Schema {
  const services = new Map(files.flatMap((file) => file.services).map(({ name, methods }) => [name, methods]));
  const needed = new Set<string>();
  const paths: Record<string, Schema> = {};
  for (const [path, { service, method }] of gatewayPaths) {
    const found = services.get(service)?.find(({ name }) => name === method);
    if (found === undefined) continue;
    needed.add(found.request).add(found.response);
    const [, alias] = /^\/v3\/kv\/(lease\/.*)$/.exec(path) ?? [];
    paths[path] = {
      post: {
        tags: [service.slice(service.indexOf(".") + 1)],
        operationId: alias === undefined ? method : `${method}_kv`,
        ...((found.requestStream || found.responseStream) && { description: streamed(found.requestStream === true) }),
        requestBody: { required: true, content: { [json]: { schema: reference(found.request) } } },
        responses: {
          "200": {
            description: found.responseStream ? "one JSON object a line" : "the answer",
            content: { [json]: { schema: found.responseStream ? line(found.response) : reference(found.response) } },
          },
          default: { description: "a refusal", content: { [json]: { schema: reference("Refusal") } } },
        },
      },
    };
  }
  return {
    openapi: "3.0.3",
    info: { title: "etcd-ts", description: "The gRPC API of etcd, and the calls of the console, in JSON.", version },
    paths,
    components: {
      schemas: { Refusal: refusal, ...schemas(files, needed) },
      securitySchemes: { token: { type: "apiKey", in: "header", name: "Authorization" } },
    },
    security: [{}, { token: [] }],
  };
}

function streamed(requests: boolean): string {
  return requests ? "A stream both ways: requests may follow each other in the body." : "A stream of answers.";
}

const refusal = {
  type: "object",
  required: ["error", "code", "message"],
  properties: {
    error: { type: "string" },
    code: { type: "integer", format: "int32", description: "gRPC's status code" },
    message: { type: "string" },
  },
} as const;

function line(response: string): Schema {
  const { code, message } = refusal.properties;
  const error = { type: "object", properties: { code, message } };
  return { type: "object", properties: { result: reference(response), error } };
}

/** The schemas of the needed messages and of the messages that these contain. */
function schemas(files: readonly FileSchema[], needed: Set<string>): Record<string, Schema> {
  const messages = new Map(files.flatMap((file) => file.messages).map((message) => [message.name, message]));
  const enums = new Map(files.flatMap((file) => file.enums).map((type) => [type.name, type.values]));
  const found: Record<string, Schema> = {};
  // The iteration of a set includes the names that the loop adds to it.
  for (const name of needed) {
    const message = messages.get(name);
    const values = enums.get(name);
    if (message !== undefined) {
      found[name] = messageSchema(message);
      for (const field of message.fields) {
        if ("message" in field) needed.add(field.message);
        if ("enum" in field) needed.add(field.enum);
      }
    } else if (values !== undefined) found[name] = { type: "string", enum: values.map(([value]) => value) };
  }
  return found;
}

function messageSchema({ comment, fields }: MessageSchema): Schema {
  const properties = Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)]));
  return { type: "object", ...(comment !== undefined && { description: comment }), properties };
}

function fieldSchema(field: FieldSchema): Schema {
  const one = valueSchema(field);
  return field.repeated ? { type: "array", items: one } : one;
}

function valueSchema(field: FieldSchema): Schema {
  if ("message" in field) return reference(field.message);
  if ("enum" in field) return reference(field.enum);
  switch (field.scalar) {
    case "bool":
      return { type: "boolean" };
    case "string":
      return { type: "string" };
    case "bytes":
      return { type: "string", format: "byte" };
    case "int64":
    case "uint64":
      return { type: "string", format: field.scalar };
    case "double":
      return { type: "number", format: "double" };
    case "int32":
    case "uint32":
      return { type: "integer", format: numbers[field.scalar] };
  }
}

function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
