import { X509Certificate } from "node:crypto";
import { type DetailedPeerCertificate, rootCertificates, type TLSSocket } from "node:tls";

/** OpenSSL verifies no longer ones. */
const chainMax = 100;

/**
 * The certificate, if one was shown, and those by which it is believed, as far as Node tells them, without one that
 * vouches for itself. To be asked for before the newer form of the certificate, which takes the chain apart.
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

/** The authorities that are believed by themselves. */
export class Anchors {
  readonly #texts: readonly string[];
  #certificates: readonly X509Certificate[] | undefined;

  /** @param authorities PEM; Node's own list when absent */
  constructor(authorities: Buffer | undefined) {
    const form = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
    this.#texts = authorities === undefined ? rootCertificates : (authorities.toString("latin1").match(form) ?? []);
  }

  /**
   * Whether nothing is missing between the chain's end and one of them. Some releases of Node tell nothing of the
   * authorities in between; whether one of those was revoked can then not be known.
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
