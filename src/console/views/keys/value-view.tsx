import { useMemo, useState } from "preact/hooks";
import { type Binary, textOf, toBase64 } from "../../text/binary.js";
import { bytesText } from "../../text/format.js";
import { Button } from "../../ui/button.js";
import { CopyButton } from "../../ui/copy-button.js";
import { Segments } from "../../ui/tabs.js";
import { hexText } from "../../values/hex.js";
import { indentedJson, parseJson } from "../../values/json.js";
import { type Rendering, renderingsOf, renderingTitle } from "../../values/rendering.js";
import { HexView } from "./hex-view.js";
import { JsonView } from "./json-view.js";
import { KubernetesView } from "./kubernetes-view.js";

/** A value, in the way that fits it best or in another that the user chooses. */
export function ValueView({ value }: { readonly value: Binary }) {
  const offered = useMemo(() => renderingsOf(value), [value]);
  const [chosen, setChosen] = useState<string>();
  const rendering = offered.find((one) => one === chosen) ?? offered[0] ?? "hex";
  if (value === "") return <p class="muted value-empty">The value is empty.</p>;
  return (
    <div class="value">
      <div class="row">
        <Segments
          label="Shown as"
          options={offered.map((id) => ({ id, title: renderingTitle(id) }))}
          selected={rendering}
          onSelect={setChosen}
        />
        <span class="grow" />
        <CopyButton text={() => textIn(rendering, value)} label={`Copy the value: ${renderingTitle(rendering)}`} />
      </div>
      <Rendered rendering={rendering} value={value} />
    </div>
  );
}

function Rendered({ rendering, value }: { readonly rendering: Rendering; readonly value: Binary }) {
  switch (rendering) {
    case "json":
      return <JsonView value={value} />;
    case "kubernetes":
      return <KubernetesView value={value} />;
    case "hex":
      return <HexView value={value} />;
    case "base64":
      return <LongText text={toBase64(value)} />;
    case "text":
      return <LongText text={textOf(value) ?? ""} />;
  }
}

/** Characters that are shown before the user asks for all of them. */
const shownAtFirst = 128 * 1024;

function LongText({ text }: { readonly text: string }) {
  const [all, setAll] = useState(false);
  const cut = !all && text.length > shownAtFirst;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: without a focus, the keyboard could not scroll the text */}
      <pre class="value-text" tabIndex={0} translate={false}>
        {cut ? text.slice(0, shownAtFirst) : text}
      </pre>
      {cut && <Button onClick={() => setAll(true)}>Show all {bytesText(text.length)}</Button>}
    </>
  );
}

/** The text that the copy button copies. */
function textIn(rendering: Rendering, value: Binary): string {
  if (rendering === "hex") return hexText(value);
  if (rendering === "base64" || rendering === "kubernetes") return toBase64(value);
  const text = textOf(value) ?? "";
  const json = rendering === "json" ? parseJson(text) : undefined;
  return json === undefined ? text : indentedJson(json);
}
