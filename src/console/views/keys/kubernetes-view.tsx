import { useMemo } from "preact/hooks";
import type { Binary } from "../../text/binary.js";
import { bytesText } from "../../text/format.js";
import { Facts } from "../../ui/facts.js";
import { VirtualList } from "../../ui/virtual-list.js";
import { kubernetesObject, outline } from "../../values/kubernetes.js";
import { lineHeight, listHeight } from "./line-height.js";

/** An object of Kubernetes: what its envelope names, and its fields by their numbers. */
export function KubernetesView({ value }: { readonly value: Binary }) {
  const object = useMemo(() => kubernetesObject(value), [value]);
  const lines = useMemo(() => outline(object?.fields ?? []), [object]);
  if (object === undefined) return null;
  const facts = [
    { name: "Kind", value: <strong>{object.kind}</strong> },
    { name: "API version", value: object.apiVersion },
    { name: "Name", value: object.name },
    { name: "Namespace", value: object.namespace },
    { name: "UID", value: object.uid },
    { name: "Content type", value: object.contentType },
    { name: "Content encoding", value: object.contentEncoding },
  ].filter((fact) => fact.value !== "");
  return (
    <div class="stack">
      <Facts items={[...facts, { name: "Object", value: bytesText(object.raw.length) }]} />
      <p class="hint">The fields of the object by their numbers in the protobuf schema of its kind:</p>
      <div class="value-lines" style={{ blockSize: listHeight(lines.length) }}>
        <VirtualList
          rows={lines.length}
          rowHeight={lineHeight}
          label="Fields of the object"
          render={(index) => {
            const line = lines[index];
            return (
              line && (
                <li key={index} class="value-line">
                  <span style={{ inlineSize: `${line.depth * 18}px` }} aria-hidden="true" />
                  <span class="json-name">{line.number}</span>
                  <span>{line.text}</span>
                </li>
              )
            );
          }}
        />
      </div>
    </div>
  );
}
