import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

/** The facts that the server tells before a login. Fields that are false are left out. */
interface Info {
  readonly version?: string;
  readonly memberId?: string;
  readonly authEnabled?: boolean;
  readonly writes?: boolean;
}

/** The member that serves the page. */
function Member() {
  const [info, setInfo] = useState<Info>({});
  useEffect(() => {
    const ask = async (): Promise<void> => {
      const answer = await fetch("/v3/console/info", { method: "POST", body: "{}" });
      if (answer.ok) setInfo(await answer.json());
    };
    void ask();
  }, []);
  return (
    <main>
      <h1>etcd</h1>
      <dl>
        <dt>Version</dt>
        <dd>{info.version}</dd>
        <dt>Member</dt>
        <dd>{BigInt(info.memberId ?? 0).toString(16)}</dd>
        <dt>Authentication</dt>
        <dd>{info.authEnabled === true ? "on" : "off"}</dd>
      </dl>
    </main>
  );
}

const place = document.getElementById("app");
if (place !== null) render(<Member />, place);
