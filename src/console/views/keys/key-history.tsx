import { useEffect, useRef, useState } from "preact/hooks";
import { type KeyValue, range } from "../../api/kv.js";
import { pastEvents } from "../../api/past-events.js";
import type { Binary } from "../../text/binary.js";
import { bytesText, counted, countText } from "../../text/format.js";
import { Badge } from "../../ui/badge.js";
import { Button } from "../../ui/button.js";
import { Diff } from "../../ui/diff.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import { Segments } from "../../ui/tabs.js";
import { ValuePreview } from "../../ui/value-preview.js";
import { type History, historyFrom, isDeletion, olderVersions, withEarlierLives } from "./history.js";
import { ValueView } from "./value-view.js";

export interface KeyHistoryProps {
  readonly name: Binary;
  /** The revision that is shown; 0 for the current one. */
  readonly revision: number;
  /** The revision of the last change, so that a new one is loaded. */
  readonly newest: number;
}

/** The versions of a key as far as they are kept, and what changed between any two of them. */
export function KeyHistory({ name, revision, newest }: KeyHistoryProps) {
  const { history, loading, more, earlier } = useHistory(name, revision, newest);
  const [chosen, setChosen] = useState<{ readonly older?: number; readonly newer?: number }>({});
  const { versions } = history;
  const newer = versions.find(({ modRevision }) => modRevision === chosen.newer) ?? versions[0];
  const before = newer === undefined ? undefined : versions[versions.indexOf(newer) + 1];
  const older = versions.find(({ modRevision }) => modRevision === chosen.older) ?? before;
  if (versions.length === 0 && !loading && history.error === undefined && history.end !== "created") {
    return <Empty title="No version is kept">{history.end === "compacted" && "The store was compacted."}</Empty>;
  }
  return (
    <div class="history">
      {versions.length > 0 && (
        <ol class="versions" aria-label="Versions, the newest first">
          <li class="versions-head" aria-hidden="true">
            <span>From</span>
            <span>To</span>
            <span class="num">Revision</span>
            <span class="num">Size</span>
            <span>Value</span>
          </li>
          {versions.map((version) => (
            <Version
              key={version.modRevision}
              version={version}
              isOlder={version === older}
              isNewer={version === newer}
              onOlder={() => setChosen({ ...chosen, older: version.modRevision })}
              onNewer={() => setChosen({ newer: version.modRevision })}
            />
          ))}
        </ol>
      )}
      <HistoryEnd history={history} loading={loading} more={more} earlier={earlier} />
      {newer && <Comparison older={older} newer={newer} />}
    </div>
  );
}

interface VersionProps {
  readonly version: KeyValue;
  readonly isOlder: boolean;
  readonly isNewer: boolean;
  onOlder(): void;
  onNewer(): void;
}

function Version({ version, isOlder, isNewer, onOlder, onNewer }: VersionProps) {
  const { modRevision, value } = version;
  return (
    <li class={isOlder || isNewer ? "compared" : undefined}>
      <input
        type="radio"
        name="older"
        aria-label={`From revision ${modRevision}`}
        checked={isOlder}
        onChange={onOlder}
      />
      <input type="radio" name="newer" aria-label={`To revision ${modRevision}`} checked={isNewer} onChange={onNewer} />
      <span class="num">{countText(modRevision)}</span>
      <span class="num muted">{isDeletion(version) ? "" : bytesText(value.length)}</span>
      <span class="ellipsis">
        {isDeletion(version) ? <Badge tone="bad">deleted</Badge> : <ValuePreview value={value} />}
      </span>
    </li>
  );
}

interface HistoryEndProps {
  readonly history: History;
  readonly loading: boolean;
  /** Reads older versions. */
  more(): void;
  /** Reads what was before the key was created. */
  earlier(): void;
}

function HistoryEnd({ history, loading, more, earlier }: HistoryEndProps) {
  if (history.error) return <Failure error={history.error} retry={more} />;
  if (loading) return <Loading rows={3} />;
  if (history.next !== undefined) return <Button onClick={more}>Load older versions</Button>;
  const count = counted(history.versions.length, "version");
  if (history.end === "compacted") return <p class="muted">{count}. Older ones were compacted.</p>;
  if (history.end === "all") return <p class="muted">{count}: all that there ever were.</p>;
  return (
    <p class="row muted">
      <span>
        {history.versions.length === 0 ? "The key does not exist." : `${count}: all since the key was created.`}
      </span>
      <Button kind="quiet" onClick={earlier}>
        Look for earlier lives
      </Button>
    </p>
  );
}

/** Two versions, as a diff or one after the other. */
function Comparison({ older, newer }: { readonly older: KeyValue | undefined; readonly newer: KeyValue }) {
  const [mode, setMode] = useState("diff");
  const [one, other] = older !== undefined && older.modRevision > newer.modRevision ? [newer, older] : [older, newer];
  return (
    <section class="comparison" aria-label="Comparison">
      <header class="row">
        <h3 class="grow num">
          {one === undefined
            ? `Revision ${countText(other.modRevision)}`
            : `Revision ${countText(one.modRevision)} → ${countText(other.modRevision)}`}
        </h3>
        <Segments
          label="Shown"
          options={[
            { id: "diff", title: "Diff" },
            { id: "from", title: "From" },
            { id: "to", title: "To" },
          ]}
          selected={mode}
          onSelect={setMode}
        />
      </header>
      {mode === "diff" && <Diff before={storedValue(one)} after={storedValue(other)} />}
      {mode === "from" && <OneValue version={one} />}
      {mode === "to" && <OneValue version={other} />}
    </section>
  );
}

function OneValue({ version }: { readonly version: KeyValue | undefined }) {
  const value = storedValue(version);
  if (value !== undefined) return <ValueView value={value} />;
  return <p class="muted">{version === undefined ? "There is no older version." : "The key was deleted."}</p>;
}

/** Undefined if there was no key. */
function storedValue(version: KeyValue | undefined): Binary | undefined {
  return version === undefined || isDeletion(version) ? undefined : version.value;
}

function useHistory(name: Binary, revision: number, newest: number) {
  const [history, setHistory] = useState<History>(() => historyFrom(revision));
  const [loading, setLoading] = useState(true);
  /** Counts the pages that were asked for. */
  const [pages, setPages] = useState(0);
  const abort = useRef(new AbortController());
  const show = (reading: Promise<History>, signal: AbortSignal): void => {
    setLoading(true);
    void reading.then((next) => {
      if (signal.aborted) return;
      setHistory(next);
      setLoading(false);
    });
  };
  useEffect(() => {
    abort.current = new AbortController();
    const { signal } = abort.current;
    // A newer version than the first one that is shown means to begin again.
    const known = history.versions[0]?.modRevision === newest || revision > 0;
    const from = known ? history : historyFrom(revision);
    show(
      olderVersions(from, (at) => range({ key: name, revision: at }, signal)),
      signal,
    );
    return () => abort.current.abort();
  }, [name, revision, newest, pages]);
  const earlier = (): void => {
    const { signal } = abort.current;
    const read = (after: number, upTo: number, take: Parameters<typeof pastEvents>[1]) =>
      pastEvents({ key: name, rangeEnd: "", after, upTo }, take, signal);
    show(withEarlierLives(history, read), signal);
  };
  return { history, loading, more: () => setPages(pages + 1), earlier };
}
