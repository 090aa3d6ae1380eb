/**
 * The layout of VHDX: readers of byte arrays, constants, and every rule that one structure can decide.
 *
 * No dependencies. What the bytes at hand do not reach is undefined. An array begins where the structure does and may
 * be longer. Integers of more than 32 bits, derived ones and constants are BigInt, others are numbers. `streamSize` is
 * the size in bytes of what the structure lies in, where a rule asks for it: of a parent locator's header and entries,
 * the whole item.
 *
 * Machine-written from formats/ by `make generate`; do not edit.
 */

export type Value = boolean | number | bigint | Uint8Array | undefined;

/** A field: its place in the structure in bytes (of the word, where it is bits of one), its reader; of elements, the first. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly read: (bytes: Uint8Array) => Value;
}

/** What follows from fields: of the structure's bytes, and `streamSize`. */
export interface Derived {
  readonly name: string;
  readonly read: (bytes: Uint8Array, streamSize: number) => Value;
}

/** A rule, by its id: does it hold, of the structure's bytes and `streamSize`? */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly holds: (bytes: Uint8Array, streamSize: number) => boolean | undefined;
}

/** A structure as data, for programs that show all of it. */
export interface Structure {
  readonly name: string;
  readonly size: number | undefined;
  readonly fields: readonly Field[];
  readonly derived: readonly Derived[];
  readonly rules: readonly Rule[];
}

function slice(bytes: Uint8Array, start: number, size: number): Uint8Array | undefined {
  return size >= 0 && start + size <= bytes.length ? bytes.subarray(start, start + size) : undefined;
}

function integer(bytes: Uint8Array, offset: number, bit: number, bits: number, bigEndian: boolean): bigint | undefined {
  const there = slice(bytes, offset, Math.ceil((bit + bits) / 8));
  if (there === undefined) return undefined;
  const part = new Uint8Array(there); // a copy, which slice() of a Buffer is not
  if (!bigEndian) part.reverse();
  const word = part.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n as bigint);
  return BigInt.asUintN(bits, word >> BigInt(bit));
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function crc32cStep(crc: number, byte: number): number {
  crc ^= byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? Number(CRC32C_POLYNOMIAL_REFLECTED) : 0);
  return crc;
}

/** CRC-32C (Castagnoli) of bytes. */
export function crc32c(bytes: Uint8Array): number {
  return ~bytes.reduce(crc32cStep, Number(CRC32C_INITIAL)) >>> 0;
}

function checksumIsRight(bytes: Uint8Array, start: number, size: bigint | undefined): boolean | undefined {
  const covered = size === undefined ? undefined : slice(bytes, 0, Number(size));
  const stored = covered && integer(covered, start, 0, 32, false);
  if (covered === undefined || stored === undefined) return undefined;
  return BigInt(crc32c(new Uint8Array(covered).fill(0, start, start + 4))) === stored;
}
