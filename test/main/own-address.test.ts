import { expect, test } from "vitest";
import { silentLogger } from "../../src/base/index.js";
import { ownAddress } from "../../src/main/own-address.js";

for (const { urls, want } of [
  { urls: ["http://10.0.0.7:2380"], want: "10.0.0.7" },
  { urls: ["http://localhost:2380", "http://127.0.0.1:2380", "http://[::1]:2380"], want: undefined },
  { urls: ["http://0.0.0.0:2380", "https://[2001:db8:0::5]:2380"], want: "2001:db8::5" },
  { urls: ["http://host.example:2380", "unix:///run/peer", "http://10.0.0.8:1"], want: "10.0.0.8" },
  { urls: ["http://host.example:2380"], want: undefined },
]) {
  test(`SetMemberLocalAddr: of ${urls.join(" and ")}, peers are dialled from ${want ?? "any address"}`, () => {
    expect(ownAddress({ advertisePeerUrls: urls }, silentLogger)).toBe(want);
  });
}
