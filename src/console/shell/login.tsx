import { useEffect, useRef, useState } from "preact/hooks";
import { logIn } from "../api/login.js";
import { useSession } from "../api/session.js";
import { Button } from "../ui/button.js";
import { Dialog } from "../ui/dialog.js";
import { Field } from "../ui/field.js";

/** Asks for a user of etcd and the password. */
export function Login() {
  const { reason, user } = useSession();
  const [name, setName] = useState(user ?? "");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  useEffect(() => (name === "" ? first : second).current?.focus(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const answer = await logIn(name, password);
    setBusy(false);
    if (answer.ok) return;
    setPassword("");
    setError(answer.error.message);
  };
  return (
    <Dialog title="Log in">
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <p class="muted">{reason ?? "Authentication is on. The page shows what your roles allow."}</p>
        <Field label="User">
          {(id) => (
            <input
              id={id}
              ref={first}
              value={name}
              required
              autocomplete="username"
              autocapitalize="off"
              spellcheck={false}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Password" error={error}>
          {(id) => (
            <input
              id={id}
              type="password"
              ref={second}
              value={password}
              required
              autocomplete="current-password"
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" disabled={busy}>
          {busy ? "Logging in" : "Log in"}
        </Button>
        <p class="hint">
          The login is kept in the memory of this page, and is gone when you close it or load it again.
        </p>
      </form>
    </Dialog>
  );
}
