import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.js";
import { toast } from "./toast.js";

/** Copies a text; tells when the browser does not let it. Browsers offer the clipboard on secure origins only. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (copySelected(text)) return true;
    toast("The browser refused to copy.", { tone: "bad" });
    return false;
  }
}

export interface CopyButtonProps {
  /** A function for a text that takes long to make. */
  readonly text: string | (() => string);
  readonly label?: string;
}

export function CopyButton({ text, label = "Copy" }: CopyButtonProps) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      class="icon-button"
      type="button"
      aria-label={label}
      title={done ? "Copied" : label}
      onClick={() => void copyText(typeof text === "string" ? text : text()).then(setDone)}
    >
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}

/** A command line, with a button that copies it. */
export function Code({ text }: { readonly text: string }) {
  return (
    <div class="code">
      <code>{text}</code>
      <CopyButton text={text} label="Copy this line" />
    </div>
  );
}

/** The old way to copy, which also works over plain HTTP. */
function copySelected(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  const host = document.querySelector("dialog[open]") ?? document.body;
  host.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
