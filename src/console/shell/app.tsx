import { useEffect, useRef, useState } from "preact/hooks";
import { meetMember } from "../api/login.js";
import { isRoot, useSession } from "../api/session.js";
import { useCall } from "../state/loaded.js";
import { loadMembers } from "../state/members.js";
import { navigate, useRoute } from "../state/route.js";
import { listenToKeys, useShortcuts } from "../state/shortcuts.js";
import { Toasts } from "../ui/toast.js";
import { views } from "../views/registry.js";
import { ConnectionBanner } from "./connection-banner.js";
import { KeysHelp } from "./keys-help.js";
import { Login } from "./login.js";
import { Navigation } from "./navigation.js";
import { switchTheme } from "./theme.js";
import { Unknown } from "./unknown.js";

const membersEveryMs = 3_000;

/** Asks for the members from time to time. Apart from the page, which would be rendered again by each answer. */
function MembersPoll() {
  useCall(loadMembers, [], { everyMs: membersEveryMs });
  return null;
}

export function App() {
  const session = useSession();
  const { view: path } = useRoute();
  const [help, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const view = path === "" ? views[0] : views.find((one) => one.path === path);
  useEffect(() => {
    void meetMember();
    return listenToKeys();
  }, []);
  useEffect(() => {
    document.title = view === undefined ? "etcd" : `${view.title} · etcd`;
  }, [view]);
  const offered = views.filter(({ rootOnly }) => rootOnly !== true || isRoot(session));
  useShortcuts("Everywhere", [
    { keys: "?", what: "Show the keys", run: () => setHelp(true) },
    ...offered.map(({ key, title, path: target }) => ({
      keys: `g ${key}`,
      what: `Go to ${title}`,
      run: () => navigate(target),
    })),
    { keys: "t", what: "Light or dark", run: switchTheme },
  ]);
  return (
    <div class="shell">
      <button class="skip-link" type="button" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Navigation views={offered} current={view?.path} onHelp={() => setHelp(true)} />
      <main ref={main} tabIndex={-1}>
        <ConnectionBanner />
        {view === undefined ? <Unknown /> : <view.component key={`${view.path} ${session.user}`} />}
      </main>
      <Toasts />
      {session.info !== undefined && <MembersPoll />}
      {session.asking && <Login />}
      {help && <KeysHelp onClose={() => setHelp(false)} />}
    </div>
  );
}
