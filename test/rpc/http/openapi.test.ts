import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { openApi } from "../../../src/rpc/http/openapi.js";
import { gatewayPaths, loadSchema } from "../../../src/wire/index.js";

const document = JSON.parse(JSON.stringify(openApi(await loadSchema(), "3.5.30")));

test("the document is OpenAPI", async () => {
  expect(await new Validator().validate(document)).toMatchObject({ valid: true });
});

test("the document has all paths of the gateway and all messages that they use", () => {
  expect(Object.keys(document.paths)).toEqual([...gatewayPaths.keys()]);
  const wanted = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
  expect([...wanted].filter(([, name = ""]) => !(name in document.components.schemas))).toEqual([]);
});

test("operations have unique names", () => {
  const names = Object.values<{ post: { operationId: string } }>(document.paths).map(({ post }) => post.operationId);
  expect(new Set(names).size).toBe(names.length);
});

test("fields have the names and types of the gateway's JSON", () => {
  expect(document.components.schemas["etcdserverpb.RangeRequest"].properties).toMatchObject({
    range_end: { type: "string", format: "byte" },
    limit: { type: "string", format: "int64" },
    sort_order: { $ref: "#/components/schemas/etcdserverpb.RangeRequest.SortOrder" },
    serializable: { type: "boolean" },
  });
});
