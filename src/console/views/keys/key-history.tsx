import { useEffect, useState } from "preact/hooks";
import { type KeyValue, range } from "../../api/kv.js";
import type { Binary } from "../../text/binary.js";
import { bytesText, counted, countText } from "../../text/format.js";
import { Button } from "../../ui/button.js";
import { Diff } from "../../ui/diff.js";
import { Empty, Failure, Loading } from "../../ui/states.js";
import { Segments } from "../../ui/tabs.js";
import { ValuePreview } from "../../ui/value-preview.js";
import { type History, historyFrom, olderVersions } from "./history.js";
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
  const { history, loading, more } = useHistory(name, revision, newest);
  const [chosen, setChosen] = useState<{ readonly older?: number; readonly newer?: number }>({});
  const { versions } = history;
  const newer = versions.find(({ modRevision }) => modRevision === chosen.newer) ?? versions[0];
  const before = newer === undefined ? undefined : versions[versions.indexOf(newer) + 1];
  const older = versions.find(({ modRevision }) => modRevision === chosen.older) ?? before;
  if (versions.length === 0 && !loading && history.error === undefined) {
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
      <HistoryEnd history={history} loading={loading} more={more} />
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
      <span class="num muted">{bytesText(value.length)}</span>
      <span class="ellipsis">
        <ValuePreview value={value} />
      </span>
    </li>
  );
}

function HistoryEnd({
  history,
  loading,
  more,
}: {
  readonly history: History;
  readonly loading: boolean;
  more(): void;
}) {
  if (history.error) return <Failure error={history.error} retry={more} />;
  if (loading) return <Loading rows={3} />;
  if (history.next !== undefined) return <Button onClick={more}>Load older versions</Button>;
  const count = counted(history.versions.length, "version");
  if (history.end === "compacted") return <p class="muted">{count}. Older ones were compacted.</p>;
  return <p class="muted">{count}: all since the key was created.</p>;
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
      {mode === "diff" && <Diff before={one?.value} after={other.value} />}
      {mode === "from" && (one ? <ValueView value={one.value} /> : <p class="muted">There is no older version.</p>)}
      {mode === "to" && <ValueView value={other.value} />}
    </section>
  );
}

function useHistory(name: Binary, revision: number, newest: number) {
  const [history, setHistory] = useState<History>(() => historyFrom(revision));
  const [loading, setLoading] = useState(true);
  const [pages, setPages] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    // A newer version than the first one that is shown means to begin again.
    const known = history.versions[0]?.modRevision === newest || revision > 0;
    const from = known ? history : historyFrom(revision);
    setLoading(true);
    void olderVersions(from, (at) => range({ key: name, revision: at }, abort.signal)).then((next) => {
      if (abort.signal.aborted) return;
      setHistory(next);
      setLoading(false);
    });
    return () => abort.abort();
  }, [name, revision, newest, pages]);
  return { history, loading, more: () => setPages(pages + 1) };
}
