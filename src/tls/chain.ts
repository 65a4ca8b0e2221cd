import { X509Certificate } from "node:crypto";
import { type DetailedPeerCertificate, rootCertificates, type TLSSocket } from "node:tls";

/** The longest chain that OpenSSL verifies. */
const chainMax = 100;

/**
 * The peer's certificate, if it sent one, and the certificates that verify it, as far as Node returns them, without a
 * self-signed one. Must be called before `getPeerX509Certificate`, which takes the chain apart.
 */
export function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < chainMax) {
    const vouchesForItself: boolean = next.issuerCertificate === next;
    if (chain.length === 0 || !vouchesForItself) chain.push(new X509Certificate(next.raw));
    next = vouchesForItself ? undefined : next.issuerCertificate;
  }
  return chain;
}

/** The trusted authorities. */
export class Anchors {
  readonly #texts: readonly string[];
  #certificates: readonly X509Certificate[] | undefined;

  /** @param authorities PEM; Node's own list when undefined */
  constructor(authorities: Buffer | undefined) {
    const form = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
    this.#texts = authorities === undefined ? rootCertificates : (authorities.toString("latin1").match(form) ?? []);
  }

  /**
   * Whether the chain is complete up to a trusted authority. Some releases of Node do not return the intermediate
   * authorities; whether one of these was revoked then cannot be known.
   */
  end(chain: readonly X509Certificate[]): boolean {
    const last = chain.at(-1);
    if (last === undefined) return false;
    this.#certificates ??= this.#texts.map((text) => new X509Certificate(text));
    return this.#certificates.some(
      (anchor) => anchor.raw.equals(last.raw) || (last.checkIssued(anchor) && last.verify(anchor.publicKey)),
    );
  }
}
