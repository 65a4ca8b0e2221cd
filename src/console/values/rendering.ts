import { type Binary, textOf } from "../text/binary.js";
import { hasControls } from "../text/controls.js";
import { hexText } from "./hex.js";
import { indentedJson, isJsonDocument, parseJson } from "./json.js";
import { kubernetesObject } from "./kubernetes.js";

export type Rendering = "text" | "json" | "kubernetes" | "hex" | "base64";

const titles: Readonly<Record<Rendering, string>> = {
  text: "Text",
  json: "JSON",
  kubernetes: "Kubernetes",
  hex: "Hex",
  base64: "Base64",
};

/** Longer values are not looked into: they are shown as text or bytes. */
const inspectedBytesMax = 8 * 1024 * 1024;

export function renderingTitle(rendering: Rendering): string {
  return titles[rendering];
}

/** The ways in which a value can be shown; the first one fits it best. */
export function renderingsOf(value: Binary): readonly Rendering[] {
  const raw: Rendering[] = ["hex", "base64"];
  if (value.length <= inspectedBytesMax && kubernetesObject(value) !== undefined) return ["kubernetes", ...raw];
  const text = textOf(value);
  if (text === undefined || hasControls(text)) return text === undefined ? raw : ["hex", "text", "base64"];
  const json = text.length <= inspectedBytesMax && isJsonDocument(text);
  return json ? ["json", "text", ...raw] : ["text", ...raw];
}

/** The lines in which two values are compared: those of JSON one field each, those of bytes as a hex dump. */
export function comparableText(value: Binary): string {
  const text = textOf(value);
  if (text === undefined || hasControls(text)) return hexText(value);
  const json = text.length <= inspectedBytesMax && isJsonDocument(text) ? parseJson(text) : undefined;
  return json === undefined ? text : indentedJson(json);
}
