import type { HttpAnswer } from "../support/http-client.js";

const compared = ["content-type", "x-content-type-options", "location", "allow", "grpc-metadata-content-type"];

/** An answer as text, without what real etcd and ours cannot or need not have in common. */
export function shown({ status, headers, body }: HttpAnswer, hide?: RegExp): string {
  const lines = [...compared, ...Object.keys(headers).filter((name) => name.startsWith("access-control-"))]
    .filter((name) => headers[name] !== undefined)
    .map((name) => `${name}: ${headers[name]}`);
  const isJson = headers["content-type"] === "application/json";
  const plain = isJson
    ? compact(body).replace(/^\{"error":("(?:[^"\\]|\\.)*"),(?="code":\d+,"message":\1)/, "{")
    : body;
  const shownBody = hide === undefined ? plain : plain.replace(hide, "HIDDEN");
  // Go tells the results of its checks in any order.
  return [status, ...lines, shownBody.startsWith("[") ? shownBody.split("\n").sort().join("\n") : shownBody].join("\n");
}

/** Without the spaces between JSON's values. */
export function compact(json: string): string {
  return json
    .replaceAll("\u00a0", " ")
    .replace(/("(?:[^"\\]|\\.)*")|[ \t]+/g, (_, text: string | undefined) => text ?? "");
}
