import type { JsonForms } from "./json/forms.js";

/** Loads the conversion of messages to and from JSON. Most members never need it. */
export async function loadJsonForms(): Promise<JsonForms> {
  return (await import("./json/forms.js")).makeJsonForms();
}
