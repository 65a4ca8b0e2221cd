import type { HttpAnswer } from "../support/http-client.js";

const compared = ["content-type", "x-content-type-options", "location", "allow", "grpc-metadata-content-type"];

/** An answer as text, without the parts in which our server may differ from etcd. */
export function shown({ status, headers, body }: HttpAnswer, hide?: RegExp): string {
  const lines = [...compared, ...Object.keys(headers).filter((name) => name.startsWith("access-control-"))]
    .filter((name) => headers[name] !== undefined)
    .map((name) => `${name}: ${headers[name]}`);
  const isJson = headers["content-type"] === "application/json";
  const plain = isJson
    ? compact(body).replace(/^\{"error":("(?:[^"\\]|\\.)*"),(?="code":\d+,"message":\1)/, "{")
    : body;
  const shownBody = hide === undefined ? plain : plain.replace(hide, "HIDDEN");
  // etcd writes the results of its health checks in random order.
  return [status, ...lines, shownBody.startsWith("[") ? shownBody.split("\n").sort().join("\n") : shownBody].join("\n");
}

/** Removes spaces between the values of a JSON text. */
export function compact(json: string): string {
  return json
    .replaceAll("\u00a0", " ")
    .replace(/("(?:[^"\\]|\\.)*")|[ \t]+/g, (_, text: string | undefined) => text ?? "");
}
