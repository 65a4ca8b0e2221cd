import type { Binding } from "../rpc/index.js";
import { services } from "../wire/index.js";
import { forwarded } from "./forward.js";
import { proxied } from "./proxied-call.js";
import type { Upstream } from "./upstream.js";

const auth = services["etcdserverpb.Auth"];
const reading: ReadonlySet<string> = new Set(
  [auth.AuthStatus, auth.UserGet, auth.UserList, auth.RoleGet, auth.RoleList].map(({ path }) => path),
);

/** etcdserverpb.Auth. @param onChanged called when the rules of access may have changed */
export function authBindings(upstream: Upstream, onChanged: () => void): readonly Binding[] {
  return Object.values(auth).map(({ path }): Binding => {
    if (reading.has(path)) return forwarded(upstream, path, "repeatable");
    // A login changes nothing, and any member can serve it.
    if (path === auth.Authenticate.path) return { ...forwarded(upstream, path, "repeatable"), reads: false } as Binding;
    return {
      kind: "unary",
      path,
      async run(request, call) {
        try {
          return await upstream.unary(path, request, proxied(call));
        } finally {
          onChanged();
        }
      },
    };
  });
}
