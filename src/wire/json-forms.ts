import type { JsonForms } from "./json/forms.js";

/** Messages as JSON, both ways. Loaded when asked for: most members never speak it. */
export async function loadJsonForms(): Promise<JsonForms> {
  return (await import("./json/forms.js")).makeJsonForms();
}
