import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alternativeNames, hostnameFault } from "../../src/tls/certificate-names.js";
import { ciphersOf } from "../../src/tls/cipher-suites.js";
import { readCredentials, type TlsConfig } from "../../src/tls/index.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";

let authority: TestAuthority;
let one: TestCertificate;
let other: TestCertificate;
let broken: string;

beforeAll(async () => {
  authority = await TestAuthority.create();
  one = await authority.issue("one", {
    name: "one.example.com",
    hosts: ["a.example.com", "*.example.org", "127.0.0.1", "::1"],
  });
  other = await authority.issue("other", { name: "other.example.com" });
  broken = join(authority.folder, "broken.pem");
  writeFileSync(broken, "nothing");
});

afterAll(() => authority.remove());

describe("invalid settings", () => {
  for (const { name, config, fault } of [
    { name: "no files at all", config: () => ({ certFile: "", keyFile: "" }), fault: "KeyFile and CertFile are not" },
    {
      name: "a certificate without a key",
      config: () => ({ certFile: "c.pem", keyFile: "" }),
      fault: "KeyFile and CertFile must both be present[key: , cert: c.pem]",
    },
    {
      name: "a client certificate without a key",
      config: () => ({ clientCertFile: "c.pem" }),
      fault: "ClientKeyFile and ClientCertFile must both be present or both absent: key: , cert: c.pem]",
    },
    {
      name: "two settings for allowed names",
      config: () => ({ allowedCommonNames: ["a", "b"], allowedHostnames: ["x"] }),
      fault: 'AllowedCNs and AllowedHostnames are mutually exclusive (cns=["a" "b"], hostnames=["x"])',
    },
    {
      name: "a missing file",
      config: () => ({ certFile: "none.pem" }),
      fault: "open none.pem: no such file or directory",
    },
    { name: "no certificate in the file", config: () => ({ certFile: broken }), fault: "tls: no certificate can be" },
    { name: "no key in the file", config: () => ({ keyFile: broken }), fault: "tls: no private key can be read" },
    {
      name: "the key of another certificate",
      config: () => ({ keyFile: other.keyFile }),
      fault: "tls: private key does not match public key",
    },
    { name: "no authority in the file", config: () => ({ trustedCaFile: broken }), fault: "holds no certificate" },
    {
      name: "a missing authority file",
      config: () => ({ trustedCaFile: "none.pem" }),
      fault: "open none.pem: no such file or directory",
    },
    {
      name: "a client certificate with the key of another",
      config: () => ({ clientCertFile: one.certFile, clientKeyFile: other.keyFile }),
      fault: "tls: private key does not match public key",
    },
  ]) {
    test(name, () => {
      const usual: TlsConfig = {
        ...{ certFile: one.certFile, keyFile: one.keyFile, clientCertFile: "", clientKeyFile: "", trustedCaFile: "" },
        ...{ clientCertAuth: false, crlFile: "", allowedCommonNames: [], allowedHostnames: [], selfSigned: false },
        ...{ skipClientSanCheck: false, minVersion: "TLSv1.2", maxVersion: "TLSv1.3" },
      };
      expect(() => readCredentials({ ...usual, ...config() })).toThrow(fault);
    });
  }
});

describe("cipher suites", () => {
  for (const { name, suites, want } of [
    { name: "an empty list means the defaults of OpenSSL", suites: [], want: {} },
    {
      name: "Go's names are kept in order, with all suites of TLS 1.3",
      suites: ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"],
      want: {
        list:
          "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:" +
          "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305",
      },
    },
    { name: "other names are refused", suites: ["FOO"], want: { fault: 'unexpected TLS cipher suite "FOO"' } },
    {
      name: "names of object properties are refused",
      suites: ["toString"],
      want: { fault: 'unexpected TLS cipher suite "toString"' },
    },
    {
      name: "suites that OpenSSL has removed are refused",
      suites: ["TLS_RSA_WITH_RC4_128_SHA"],
      want: { fault: 'TLS cipher suite "TLS_RSA_WITH_RC4_128_SHA" is not in this build of OpenSSL' },
    },
  ]) {
    test(name, () => expect(ciphersOf(suites)).toEqual(want));
  }
});

describe("names of a certificate", () => {
  test("are read from its alternative names", () => {
    expect(alternativeNames(new X509Certificate(one.cert))).toEqual({
      dns: ["a.example.com", "*.example.org"],
      addresses: ["127.0.0.1", "0:0:0:0:0:0:0:1"],
    });
  });

  for (const { host, fault } of [
    { host: "a.example.com", fault: undefined },
    { host: "A.Example.Com.", fault: undefined },
    { host: "x.example.org", fault: undefined },
    { host: "127.0.0.1", fault: undefined },
    { host: "[::1]", fault: undefined },
    { host: "x.y.example.org", fault: /^x509: certificate is valid for a\.example\.com, \*\.example\.org, not x\.y/ },
    { host: "example.org", fault: /^x509: certificate is valid for/ },
    { host: "one.example.com", fault: /^x509: certificate is valid for/ },
    { host: "127.0.0.2", fault: /^x509: certificate is valid for 127\.0\.0\.1, 0:0:0:0:0:0:0:1, not 127\.0\.0\.2$/ },
  ]) {
    test(`${fault === undefined ? "include" : "do not include"} ${host}`, () => {
      const found = hostnameFault(new X509Certificate(one.cert), host);
      if (fault === undefined) expect(found).toBeUndefined();
      else expect(found).toMatch(fault);
    });
  }

  test("without alternative names include no host", () => {
    const certificate = new X509Certificate(other.cert);
    expect(hostnameFault(certificate, "other.example.com")).toBe(
      "x509: certificate is not valid for any names, but wanted to match other.example.com",
    );
    expect(hostnameFault(certificate, "127.0.0.1")).toBe(
      "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
    );
  });
});
