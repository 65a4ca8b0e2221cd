import { useShortcutGroups } from "../state/shortcuts.js";
import { Dialog } from "../ui/dialog.js";

/** The keys that work at this moment. */
export function KeysHelp({ onClose }: { onClose(): void }) {
  const groups = useShortcutGroups();
  return (
    <Dialog title="Keys" onClose={onClose}>
      {groups.map(({ title, shortcuts }) => (
        <section key={title} class="keys-group">
          <h3>{title}</h3>
          <dl>
            {shortcuts.map(({ keys, what }) => (
              <div key={keys}>
                <dt>
                  {keys.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
