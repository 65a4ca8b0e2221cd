import { type Binary, textOf } from "../text/binary.js";
import { hasControls } from "../text/controls.js";
import { bytesText } from "../text/format.js";
import { kubernetesObject } from "./kubernetes.js";

const previewBytes = 240;

/** A value in one line: its text, or words about bytes that are no text. */
export function previewOf(value: Binary): { readonly text?: string; readonly words: string } {
  if (value === "") return { words: "empty" };
  const object = kubernetesObject(value);
  if (object !== undefined) return { words: `${object.kind} (${object.apiVersion}), ${bytesText(value.length)}` };
  const text = textOf(wholeCharacters(value.slice(0, previewBytes)));
  if (text === undefined || hasControls(text)) return { words: `binary, ${bytesText(value.length)}` };
  const line = text.replace(/\s+/g, " ").trim();
  return value.length > previewBytes ? { text: `${line}…`, words: "" } : { text: line, words: "" };
}

/** Without the beginning of a character at the end that the cut left incomplete. */
function wholeCharacters(binary: Binary): Binary {
  return binary.replace(/(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$/, "");
}
