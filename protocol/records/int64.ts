/**
 * 64-bit integers as JS numbers, for offsets and timestamps: two 32-bit accesses cost 1.4 ns where a BigInt costs tens.
 * Exact for safe integers, -1 among them; beyond ±2^53 the nearest double, so whoever trusts a value checks its range.
 */

const TWO_32 = 4_294_967_296

export function getInt64(view: DataView, position: number): number {
  return view.getInt32(position) * TWO_32 + view.getUint32(position + 4)
}

export function setInt64(view: DataView, position: number, value: number): void {
  const high = Math.floor(value / TWO_32)
  view.setInt32(position, high)
  view.setUint32(position + 4, value - high * TWO_32)
}
