import { useSession } from "../../api/session.js";
import { asCurl, asEtcdctl, asTypeScript, type ReadTarget } from "../../copy-as.js";
import { type Binary, textOf, toBase64 } from "../../text/binary.js";
import { copyText } from "../../ui/copy-button.js";
import { Menu, type MenuItem } from "../../ui/menu.js";
import { toast } from "../../ui/toast.js";

export interface CopyMenuProps {
  readonly target: ReadTarget;
  readonly value: Binary | undefined;
}

/** Copies the value, or what reads it. */
export function CopyMenu({ target, value }: CopyMenuProps) {
  const { user } = useSession();
  const place = { origin: location.origin, user };
  const item = (title: string, hint: string, text: () => string): MenuItem => ({
    title,
    hint,
    run: () => void copyText(text()).then((done) => done && toast(`Copied: ${title}`, { tone: "good" })),
  });
  const items = [
    item("etcdctl", "command line", () => asEtcdctl(target, place)),
    item("curl", "command line", () => asCurl(target, place)),
    item("TypeScript", "program", () => asTypeScript(target, place)),
  ];
  if (value === undefined) return <Menu label="Copy as" icon="copy" items={items} />;
  const text = textOf(value);
  const whole = text === undefined ? item("Value", "base64", () => toBase64(value)) : item("Value", "text", () => text);
  return <Menu label="Copy as" icon="copy" items={[...items, whole]} />;
}
