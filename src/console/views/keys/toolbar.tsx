import type { Ref } from "preact";
import { useEffect, useState } from "preact/hooks";
import { bytesOfTyped, typedForm } from "../../text/binary.js";
import { IconButton } from "../../ui/button.js";
import { SearchField } from "../../ui/field.js";
import { Segments } from "../../ui/tabs.js";
import { useGo, useKeysPlace } from "./places.js";

type Mode = "prefix" | "contains";

/** How long typing must rest before the search starts. */
const restMs = 250;

/** Searches by the beginning of names or by a part of them, and chooses what is shown of the store. */
export function Toolbar({ searchRef }: { readonly searchRef: Ref<HTMLInputElement> }) {
  const place = useKeysPlace();
  const go = useGo();
  const shown = typedForm(place.contains ?? place.prefix);
  const [mode, setMode] = useState<Mode>(place.contains === undefined ? "prefix" : "contains");
  const [typed, setTyped] = useState(shown);
  const [open, setOpen] = useState(place.revision > 0);
  useEffect(() => setTyped(shown), [shown]);
  useEffect(() => {
    if (place.contains !== undefined) setMode("contains");
  }, [place.contains]);
  const search = (text: string, how: Mode): void => {
    const bytes = bytesOfTyped(text);
    if (how === "prefix") go({ prefix: bytes, contains: undefined }, true);
    else go({ contains: bytes === "" ? undefined : bytes }, true);
  };
  useEffect(() => {
    if (typed === shown) return;
    const timer = setTimeout(() => search(typed, mode), restMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const switchTo = (next: Mode): void => {
    setMode(next);
    if (next === "prefix") go({ contains: undefined }, true);
    setTyped(next === "prefix" ? typedForm(place.prefix) : "");
  };
  return (
    <div class="keys-toolbar">
      <div class="row">
        <SearchField
          label={mode === "prefix" ? "Beginning of names" : "Part of names"}
          placeholder="Search keys"
          value={typed}
          inputRef={searchRef}
          keyHint="/"
          onInput={setTyped}
          onSubmit={() => search(typed, mode)}
        />
        <Segments
          label="Search by"
          options={[
            { id: "prefix", title: "Begins" },
            { id: "contains", title: "Contains" },
          ]}
          selected={mode}
          onSelect={(id) => switchTo(id === "prefix" ? "prefix" : "contains")}
        />
        <IconButton icon="options" label="Separator and revision" pressed={open} onClick={() => setOpen(!open)} />
      </div>
      {open && <Options />}
    </div>
  );
}

function Options() {
  const place = useKeysPlace();
  const go = useGo();
  return (
    <div class="row keys-options">
      <label class="inline-field">
        Separator
        <input
          class="mono short"
          value={typedForm(place.separator)}
          maxLength={16}
          onChange={(event) => go({ separator: bytesOfTyped(event.currentTarget.value) || "/" })}
        />
      </label>
      <label class="inline-field">
        At revision
        <input
          class="num"
          inputMode="numeric"
          pattern="[0-9]*"
          placeholder="current"
          value={place.revision || ""}
          onChange={(event) => go({ revision: Math.max(0, Math.trunc(Number(event.currentTarget.value)) || 0) })}
        />
      </label>
      {place.revision > 0 && (
        <button class="link" type="button" onClick={() => go({ revision: 0 })}>
          Back to the current revision
        </button>
      )}
    </div>
  );
}
