import { elementBytes, headerBytes } from "./page.js";

/** How much a bucket holds. */
export interface BucketSize {
  readonly rows: number;
  /** Bytes of all keys and values. */
  readonly bytes: number;
  /** No key is longer. */
  readonly keyBytesMax: number;
}

/**
 * A leaf ends when it has this many bytes, and runs over into the next pages. bbolt fills single pages, whose number
 * depends on the size of each pair; with long leaves it follows from the size of all, to within three percent. bbolt
 * splits such a leaf when it changes it.
 */
export const leafBytesMin = 128 * 1024;
/** An inline bucket may take this fraction of a page (a quarter), as in bbolt. */
const inlinePart = 4;

/** Size of a leaf with all pairs of a bucket. */
export function wholeLeafBytes({ rows, bytes }: BucketSize): number {
  return headerBytes + rows * elementBytes + bytes;
}

/** Whether a bucket with this leaf, and no other, lies in its parent's element. */
export function isInline(leafBytes: number, pageBytes: number): boolean {
  return leafBytes <= pageBytes / inlinePart;
}

/** The least number of pages that a bucket's tree can take. */
export function treePagesMin(size: BucketSize, pageBytes: number): number {
  return Math.floor(wholeLeafBytes(size) / pageBytes);
}

/** The most pages that a bucket's tree can take, whatever the sizes of its single pairs. */
export function treePagesMax(size: BucketSize, pageBytes: number): number {
  const dataBytes = size.rows * elementBytes + size.bytes;
  // All leaves but the last have `leafBytesMin` or more, and each wastes less than a page.
  const leaves = Math.floor(dataBytes / (leafBytesMin - headerBytes)) + 1;
  let pages = Math.floor((dataBytes + leaves * headerBytes) / pageBytes) + leaves;
  const branchElementBytes = elementBytes + size.keyBytesMax;
  // A full branch has room for no further element. One of long keys has two or three elements, and runs over.
  const fanOut = Math.max(2, Math.floor((pageBytes - headerBytes) / branchElementBytes));
  const elementsMax = Math.max(3, fanOut);
  const pagesOfBranch = Math.ceil((headerBytes + elementsMax * branchElementBytes) / pageBytes);
  for (let children = leaves; children > 1; ) {
    // The last full branch may give one element to the one behind it.
    children = children <= elementsMax ? 1 : Math.ceil(children / fanOut) + 1;
    pages += children * pagesOfBranch;
  }
  return pages;
}
