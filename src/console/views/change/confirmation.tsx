import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Change, make } from "../../api/changes.js";
import type { ApiError } from "../../api/result.js";
import { Button } from "../../ui/button.js";
import { toast } from "../../ui/toast.js";
import type { ChangeTexts } from "./texts.js";

/** How far the user has come with a change. */
export type ConfirmationState =
  | { readonly kind: "looking" }
  | { readonly kind: "asked" }
  | { readonly kind: "running" }
  | { readonly kind: "failed"; readonly error: ApiError };

interface Confirmation {
  readonly state: ConfirmationState;
  /** The first click. */
  readonly ask: () => void;
  /** The second click, which makes the change. */
  readonly run: () => void;
}

export function useConfirmation(
  change: Change,
  texts: ChangeTexts,
  on: { readonly onClose: () => void; readonly onDone: () => void; readonly onChanged?: (() => void) | undefined },
): Confirmation {
  const [state, setState] = useState<ConfirmationState>({ kind: "looking" });
  const run = async (): Promise<void> => {
    setState({ kind: "running" });
    const result = await make(change);
    if (!result.ok) setState({ kind: "failed", error: result.error });
    else if (result.value === "changed") {
      setState({ kind: "looking" });
      on.onChanged?.();
    } else {
      toast(texts.done, { tone: "good" });
      on.onDone();
      on.onClose();
    }
  };
  return { state, ask: () => setState({ kind: "asked" }), run: () => void run() };
}

/**
 * The buttons below a change. The second click is at another place than the first, and the focus moves to the way out,
 * so that neither a double click nor a held key makes the change.
 */
export function ConfirmationButtons({
  texts,
  confirmation: { state, ask, run },
  stale,
  onClose,
}: {
  readonly texts: ChangeTexts;
  readonly confirmation: Confirmation;
  readonly stale: boolean;
  readonly onClose: () => void;
}): VNode {
  const wayOut = useRef<HTMLSpanElement>(null);
  const asked = state.kind === "asked" || state.kind === "running";
  useEffect(() => {
    if (asked) wayOut.current?.querySelector("button")?.focus();
  }, [asked]);
  return (
    <>
      {asked && (
        <Button kind="danger" onClick={run} disabled={state.kind === "running"}>
          {texts.confirm}
        </Button>
      )}
      <span class="grow" />
      <span ref={wayOut}>
        <Button onClick={onClose}>Cancel</Button>
      </span>
      {!asked && (
        <Button kind="primary" onClick={ask} disabled={stale}>
          {texts.action}…
        </Button>
      )}
    </>
  );
}
